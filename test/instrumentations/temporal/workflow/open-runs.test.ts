import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type Closing,
  OpenRuns,
  type WorkflowInfo,
} from '../../../../src/instrumentations/temporal/workflow/open-runs.js';
import type { Begun, Conclusion, Ended } from '../../../../src/instrumentations/temporal/workflow/sandbox.js';

let looks: string[];
let answer: Closing | undefined;
let closed: string[];
/** What an answer waits for. */
let gate: Promise<void> | undefined;
let runs: OpenRuns;

beforeEach(() => {
  vi.useFakeTimers();
  looks = [];
  answer = undefined;
  closed = [];
  gate = undefined;
  runs = new OpenRuns(
    async ({ info, operations }) => {
      looks.push([info.runId, ...operations.keys()].join(' '));
      await gate;
      return answer;
    },
    ({ info }, by, at) => closed.push(`${info.runId} ${by} ${at}`),
  );
});
afterEach(() => {
  vi.useRealTimers();
});

function info(runId: string, more: Partial<WorkflowInfo> = {}): WorkflowInfo {
  return {
    namespace: 'default',
    taskQueue: 'q',
    workflowType: 'Order',
    workflowId: `of ${runId}`,
    runId,
    attempt: 1,
    historyLength: 3,
    ...more,
  };
}

const operation = (name: string): Begun & Ended => ({
  name,
  of: '',
  startedAt: 0,
  endedAt: 0,
  traceId: '',
  spanId: name,
  parentSpanId: undefined,
  sampled: true,
  traceState: undefined,
  status: '',
  error: undefined,
});
const conclusion = (begun: string[], ended: string[] = [], isFirst = false): Conclusion => ({
  begun: begun.map(operation),
  ended: ended.map(operation),
  isFirst,
  isTaskOpen: false,
});
const RUN = conclusion(['RunWorkflow'], [], true);
const END = conclusion([], ['RunWorkflow'], true);

test('a run that does nothing is looked at ever less often', async () => {
  runs.update(info('a'), RUN);
  await vi.advanceTimersByTimeAsync(4_900);
  expect(looks).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(200);
  expect(looks).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(looks).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(24 * 3_600_000);
  expect(looks.length).toBeLessThan(32);
  expect(looks.length).toBeGreaterThan(24);
});

test('what is open is what has begun and not ended', async () => {
  runs.update(info('a'), RUN);
  runs.update(info('a'), conclusion(['one', 'two']));
  runs.update(info('a'), conclusion(['three'], ['one']));
  await runs.stop();
  expect(looks).toEqual(['a RunWorkflow two three']);
});

test('the first report of a sandbox says all that is open', async () => {
  runs.update(info('a'), RUN);
  runs.update(info('a'), conclusion(['one']));
  // Another worker has seen its end.
  runs.update(info('a'), conclusion(['RunWorkflow', 'two'], [], true));
  await runs.stop();
  expect(looks).toEqual(['a RunWorkflow two']);
});

test('when the worker stops, each run is looked at once, and once more if it goes on', async () => {
  runs.update(info('a'), RUN);
  runs.update(info('b'), RUN);
  await runs.stop();
  await runs.stop();
  expect(looks).toHaveLength(2);
  runs.update(info('b'), conclusion(['one']));
  await runs.stop();
  expect(looks).toEqual(['a RunWorkflow', 'b RunWorkflow', 'b RunWorkflow one']);
});

test('a run that has ended or is closed is not looked at again', async () => {
  runs.update(info('a'), RUN);
  runs.update(info('b'), RUN);
  runs.update(info('a'), END);
  answer = { by: undefined, at: 0 };
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(looks).toEqual(['b RunWorkflow']);
  expect(closed).toEqual([]);
});

test('a run that the service has closed is told once, also if two looks overlap', async () => {
  let answerNow = (): void => {};
  gate = new Promise((resolve) => {
    answerNow = resolve;
  });
  runs.update(info('a'), RUN);
  answer = { by: 'terminated', at: 7 };
  runs.terminated({ workflowId: 'of a' });
  await vi.advanceTimersByTimeAsync(10);
  const stopped = runs.stop();
  expect(looks).toHaveLength(2);
  answerNow();
  await stopped;
  expect(closed).toEqual(['a terminated 7']);
});

test.each<[string, Partial<WorkflowInfo>]>([
  ['the time-out of the run', { runStartTime: new Date(0), runTimeoutMs: 1_000 }],
  ['the time-out of the execution', { executionExpirationTime: new Date(1_000) }],
])('it is looked at soon after %s', async (_, timeout) => {
  vi.setSystemTime(0);
  runs.update(info('a', timeout), RUN);
  await vi.advanceTimersByTimeAsync(1_200);
  expect(looks).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(200);
  expect(looks).toHaveLength(1);
});

test.each([
  ['its task was refused', () => runs.suspect('a')],
  ['its parent has ended', () => runs.update(info('parent'), END)],
  ['a client has terminated it', () => runs.terminated({ workflowId: 'of a' })],
  ['a new run of the workflow begins', () => runs.update(info('new', { workflowId: 'of a' }), RUN)],
])('it is looked at soon when %s', async (_, happen) => {
  runs.update(info('a', { parent: { runId: 'parent' } }), RUN);
  happen();
  await vi.advanceTimersByTimeAsync(400);
  expect(looks).toEqual(['a RunWorkflow']);
});

test('at most five runs are looked at in a second, and ten thousand are known', async () => {
  for (let n = 0; n < 10_010; n += 1) runs.update(info(String(n)), RUN);
  await vi.advanceTimersByTimeAsync(5_100);
  expect(looks).toHaveLength(5);
  expect(looks[0]).toBe('10 RunWorkflow');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(looks.length).toBeLessThanOrEqual(55);
});
