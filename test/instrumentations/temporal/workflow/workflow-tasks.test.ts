import { coresdk } from '@temporalio/proto';
import { expect, test } from 'vitest';
import type { Guard } from '../../../../src/instrumentation.js';
import {
  observeWorkflowTasks,
  type TaskObserver,
} from '../../../../src/instrumentations/temporal/workflow/workflow-tasks.js';

const { WorkflowActivationCompletion } = coresdk.workflow_completion;
const guard: Guard = (fn) => fn;

/** A worker that does what each version does: it answers with bytes, or with a buffer of its own. */
class Worker {
  readonly nativeWorker = { completeWorkflowActivation: async (_: Uint8Array | ArrayBuffer) => {} };
  async handleActivation(_workflow: unknown, _task: object): Promise<void> {}
  async run(): Promise<void> {}
  shutdown(): void {}
}

function createWorker(): { worker: Worker; heard: string[] } {
  const heard: string[] = [];
  const hear =
    (what: string) =>
    (...args: unknown[]) =>
      heard.push([what, ...args].join(' '));
  const names = ['activate', 'answer', 'accept', 'discard', 'stop', 'close'];
  const reports = Object.fromEntries(names.map((name) => [name, hear(name)]));
  class Observed extends Worker {}
  observeWorkflowTasks(Observed.prototype, () => reports as unknown as TaskObserver, guard);
  return { worker: new Observed(), heard };
}

const task = (jobs: object[], synthetic = false): object => ({
  activation: { runId: 'run', historyLength: 7, jobs },
  synthetic,
});

test('a worker is followed from activation to answer', async () => {
  const { worker, heard } = createWorker();
  await worker.handleActivation(undefined, task([{ fireTimer: {} }]));
  const runId = '01a206e1-36c6-7435-8fc4-a6ec84e4c017';
  const commands = Array.from({ length: 50 }, () => ({ startTimer: { seq: 1 } }));
  const completion = WorkflowActivationCompletion.encodeDelimited({ runId, successful: { commands } });
  const bytes = completion.finish();
  await worker.nativeWorker.completeWorkflowActivation(bytes);
  await worker.nativeWorker.completeWorkflowActivation(bytes.buffer.slice(bytes.byteOffset) as ArrayBuffer);
  worker.shutdown();
  await worker.run();

  expect(heard).toEqual(['activate run 7', `answer ${runId}`, `answer ${runId}`, 'stop', 'close']);
});

test.each([
  [1, 'accept'],
  [10, 'accept'],
  [4, 'discard'],
  [6, 'discard'],
  [7, 'discard'],
  [8, 'discard'],
])('an eviction for the reason %i: %s', async (reason, what) => {
  const { worker, heard } = createWorker();
  await worker.handleActivation(undefined, task([{ removeFromCache: { reason } }]));
  expect(heard).toEqual([`${what} run`]);
});

test('a query says nothing about the task before, and the end of a worker is no refusal', async () => {
  const { worker, heard } = createWorker();
  await worker.handleActivation(undefined, task([{ queryWorkflow: {} }]));
  await worker.handleActivation(undefined, task([{ removeFromCache: { reason: 8 } }], true));
  expect(heard).toEqual([]);
});
