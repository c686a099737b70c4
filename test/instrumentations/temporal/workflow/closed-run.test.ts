import { expect, test } from 'vitest';
import {
  createLook,
  type WorkflowService,
} from '../../../../src/instrumentations/temporal/workflow/closed-run.js';
import type { OpenRun } from '../../../../src/instrumentations/temporal/workflow/open-runs.js';

const RUN: OpenRun = {
  info: {
    namespace: 'default',
    taskQueue: 'q',
    workflowType: 'Order',
    workflowId: 'w',
    runId: 'r',
    attempt: 1,
    historyLength: 9,
  },
  operations: new Map(),
};

/** A service in which the run has this status, and its last task began with this event. */
function service(status: number, startedEventId: number | undefined): WorkflowService {
  return {
    async describeWorkflowExecution(request) {
      expect(request).toEqual({ namespace: 'default', execution: { workflowId: 'w', runId: 'r' } });
      return { workflowExecutionInfo: { status, closeTime: { seconds: 12, nanos: 5e8 } } };
    },
    async getWorkflowExecutionHistoryReverse() {
      const task = { workflowTaskCompletedEventAttributes: { startedEventId } };
      return { history: { events: [{}, ...(startedEventId === undefined ? [] : [task, task])] } };
    },
  };
}

function looking(asked: WorkflowService | undefined) {
  const settled: string[] = [];
  const refusals: unknown[] = [];
  const look = createLook({
    service: () => asked,
    settle: (runId, lastTask) => settled.push(`${runId} ${lastTask}`),
    onRefusal: (error) => refusals.push(error),
  });
  return { look, settled, refusals };
}

const AT = 12_500;

test.each([
  ['is running', 1, 9, undefined],
  ['has completed', 2, 9, { by: undefined, at: AT }],
  ['is terminated', 5, 9, { by: 'terminated', at: AT }],
  ['has timed out', 7, 9, { by: 'timed_out', at: AT }],
  ['is terminated before a task', 5, undefined, { by: 'terminated', at: AT }],
  ['has gone on in another worker', 5, 15, { by: undefined, at: AT }],
])('a run that %s', async (_, status, lastTask, expected) => {
  const { look, settled } = looking(service(status, lastTask));
  expect(await look(RUN)).toEqual(expected);
  expect(settled).toEqual(status < 5 ? [] : [`r ${lastTask ?? 0}`]);
});

function failing(code: number): { asked: WorkflowService; times: () => number } {
  let times = 0;
  const fail = async (): Promise<never> => {
    times += 1;
    throw Object.assign(new Error('no'), { code });
  };
  const asked = { describeWorkflowExecution: fail, getWorkflowExecutionHistoryReverse: fail };
  return { asked, times: () => times };
}

test('a run that the service does not know any more is closed', async () => {
  expect(await looking(failing(5).asked).look(RUN)).toMatchObject({ by: undefined });
});

test('a service that is not available is asked again', async () => {
  const { asked, times } = failing(14);
  const { look, refusals } = looking(asked);
  expect([await look(RUN), await look(RUN)]).toEqual([undefined, undefined]);
  expect([times(), refusals.length]).toEqual([2, 0]);
});

test('a service that refuses is asked once', async () => {
  const { asked, times } = failing(7);
  const { look, refusals } = looking(asked);
  expect([await look(RUN), await look(RUN)]).toEqual([undefined, undefined]);
  expect([times(), refusals.length]).toEqual([1, 1]);
});

test('without a client nothing is asked', async () => {
  expect(await looking(undefined).look(RUN)).toBeUndefined();
});
