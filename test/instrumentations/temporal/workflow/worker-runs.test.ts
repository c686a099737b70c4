import { expect, test } from 'vitest';
import { createCalls } from '../../../../src/calls/calls.js';
import type { Ended } from '../../../../src/instrumentations/temporal/workflow/sandbox.js';
import { WorkerRuns } from '../../../../src/instrumentations/temporal/workflow/worker-runs.js';

const INFO = {
  namespace: 'default',
  taskQueue: 'q',
  workflowType: 'Order',
  workflowId: 'w',
  runId: 'r',
  attempt: 1,
  historyLength: 3,
};

const operation = (name: string): Ended => ({
  name,
  of: 'x',
  startedAt: 1,
  endedAt: 2,
  traceId: 'trace',
  spanId: name,
  parentSpanId: undefined,
  sampled: true,
  traceState: undefined,
  status: 'completed',
  error: undefined,
});

test('what is open in a run that is terminated ends with it', async () => {
  const told: Ended[] = [];
  const runs = new WorkerRuns(
    (_, ended) => told.push(ended),
    createCalls({ observers: [], knownOperations: {} }),
  );
  let deadline = Infinity;
  runs.worker = {
    connection: {
      workflowService: {
        describeWorkflowExecution: async () => ({
          workflowExecutionInfo: { status: 5, closeTime: { seconds: 7 } },
        }),
        getWorkflowExecutionHistoryReverse: async () => ({}),
      },
      withDeadline(given, fn) {
        deadline = given;
        return fn();
      },
    },
  };
  const begun = [operation('RunWorkflow'), operation('StartActivity')];
  runs.hold(INFO, { ended: [operation('HandleSignal')], begun, isFirst: true, isTaskOpen: false });
  expect(told).toEqual([]);
  runs.accept('r');
  expect(told.map(({ name }) => name)).toEqual(['HandleSignal']);

  runs.stop();
  await expect.poll(() => told.length).toBe(3);
  expect(told.slice(1)).toMatchObject([
    { name: 'RunWorkflow', status: 'terminated', endedAt: 7_000, error: { type: 'TerminatedFailure' } },
    { name: 'StartActivity', status: 'unfinished', endedAt: 7_000, error: undefined },
  ]);
  expect(deadline - Date.now()).toBeLessThanOrEqual(1_000);

  // A task that was under way, without a cache from the start of the run. The service has not taken it.
  runs.hold(INFO, { ended: [operation('RunActivity')], begun, isFirst: true, isTaskOpen: false });
  runs.answer('r');
  runs.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).toHaveLength(3);
});

test.each([
  ['has no deadlines, before 1.12', {}],
  [
    'refuses',
    {
      withDeadline: () => {
        throw new Error('closed');
      },
    },
  ],
])('a connection that %s tells nothing, and nobody hears of it', async (_, connection) => {
  const told: Ended[] = [];
  const runs = new WorkerRuns(
    (__, ended) => told.push(ended),
    createCalls({ observers: [], knownOperations: {} }),
  );
  runs.worker = { connection };
  runs.hold(INFO, { ended: [], begun: [operation('RunWorkflow')], isFirst: true, isTaskOpen: false });
  runs.accept('r');
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  runs.stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', note);

  expect([told, unhandled]).toEqual([[], []]);
});
