import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Connection } from '@temporalio/client';
import type * as Temporal from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { temporalWorker } from '../../src/instrumentations/temporal-worker.js';
import { log } from '../../src/log.js';
import { type Ended, record } from '../support/recorder.js';
import { SERVICES, type TemporalService } from '../support/temporal.js';

const recorder = record(temporalWorker);
const require = createRequire(import.meta.url);
const temporal: typeof Temporal = require('@temporalio/worker');
const { ApplicationFailure, CancelledFailure, CompleteAsyncError, Context } = require('@temporalio/activity');

const activities = {
  charge: async () => recorder.calls.current !== undefined,
  async refuse() {
    throw ApplicationFailure.nonRetryable('no money', 'InsufficientFunds');
  },
  async forgive() {
    throw ApplicationFailure.create({ message: 'never mind', nonRetryable: true, category: 'BENIGN' });
  },
  async leave() {
    throw new CompleteAsyncError();
  },
  async stop() {
    throw new CancelledFailure('stopped');
  },
  hold: () => held,
  /** Waits for a result that never comes, so only a deadline can end it. */
  async wait() {
    const startedAt = Date.now();
    await Context.current()
      .client.workflow.getHandle('endless')
      .result()
      .catch(() => {});
    waited = Date.now() - startedAt;
  },
};
let waited: number | undefined;
let held: Promise<void>;
let release: () => void;

temporal.Runtime.install({ logger: new temporal.DefaultLogger('ERROR') });

describe.each(SERVICES)('on $name', ({ start: startService }) => {
  let service: TemporalService;
  let connection: Connection;
  let client: Client;
  let worker: Temporal.Worker;
  let running: Promise<void>;

  beforeAll(async () => {
    waited = undefined;
    ({ promise: held, resolve: release } = Promise.withResolvers<void>());
    service = await startService();
    const clients = require('@temporalio/client');
    connection = await clients.Connection.connect({ address: service.address });
    client = new clients.Client({ connection });
    worker = await temporal.Worker.create({
      connection: await temporal.NativeConnection.connect({ address: service.address }),
      taskQueue: 'orders',
      workflowsPath: require.resolve('../apps/temporal/one-activity.cjs'),
      activities,
    });
    running = worker.run();
    recorder.forget();
  }, 60_000);
  afterAll(async () => {
    await connection?.close();
    await service?.stop();
  });
  afterEach(() => {
    recorder.ended.length = 0;
  });

  function start(activity: string, timeout = '10s') {
    const options = { taskQueue: 'orders', workflowId: activity, args: [activity, timeout] };
    return client.workflow.start('OneActivity', options);
  }

  test('an attempt, the operation that started it, and the run are one call each', async () => {
    expect(await (await start('charge')).result()).toBe(true);

    const [attempt, started, run] = (await recorder.take(3)) as [Ended, Ended, Ended];
    expect(attempt).toMatchObject({
      kind: 'consumer',
      traceId: run.traceId,
      attributes: {
        'temporal.route': 'RunActivity:charge',
        'temporal.namespace': 'default',
        'temporal.task_queue': 'orders',
        'temporal.local': false,
        'temporal.attempt': 1,
        'temporal.workflow_id': 'charge',
        'temporal.workflow_type': 'OneActivity',
        'temporal.status': 'completed',
      },
    });
    expect(attempt.attributes['temporal.deadline_ms']).toBeGreaterThan(9_000);
    expect(attempt.attributes['temporal.schedule_to_start_ms']).toBeGreaterThanOrEqual(0);
    expect(started).toMatchObject({
      traceId: run.traceId,
      attributes: { 'temporal.route': 'StartActivity:charge' },
    });
    expect(run.attributes['temporal.route']).toBe('RunWorkflow:OneActivity');
  });

  test.each([
    ['refuse', 'failed', 'InsufficientFunds'],
    ['forgive', 'benign', undefined],
    // Nobody has asked it to stop.
    ['stop', 'failed', 'CancelledFailure'],
  ])('an attempt of the activity %s ends as %s', async (activity, status, error) => {
    await (await start(activity)).result().catch(() => {});

    const [attempt] = await recorder.take(3);
    expect(attempt).toMatchObject({ error, attributes: { 'temporal.status': status } });
  });

  test('an activity that completes asynchronously is not a failure', async () => {
    const handle = await start('leave');
    await expect.poll(() => recorder.ended.length).toBe(1);
    expect(recorder.ended[0]).toMatchObject({ code: 'completes_async', error: undefined });
    await handle.terminate();
  });

  test('the time left to an activity bounds the requests that it makes', async () => {
    const endless = await client.workflow.start('Endless', { taskQueue: 'nobody', workflowId: 'endless' });
    await start('wait', '1s');
    await expect.poll(() => waited, { timeout: 5_000 }).toBeGreaterThan(500);
    await endless.terminate();
  });

  test('a worker that drains for long reports its running activities, and its gauges show its state', async () => {
    const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    await start('hold');
    const states = (): unknown => recorder.gauge('temporal.worker.state').find(({ value }) => value === 1);
    const activity = (): unknown =>
      recorder
        .gauge('temporal.worker.activities')
        .find(({ attributes }) => attributes['temporal.activity_type'] === 'hold');
    await expect.poll(activity).toMatchObject({ value: 1 });
    expect(states()).toMatchObject({ attributes: { 'temporal.worker.state': 'RUNNING' } });

    worker.shutdown();
    expect(states()).toMatchObject({ attributes: { 'temporal.worker.state': 'DRAINING' } });
    vi.advanceTimersByTime(10_000);
    vi.useRealTimers();
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /task queue orders has been draining for 10 s; activities still running: hold \(1\)$/,
        ),
      ],
    ]);

    release();
    await running;
    await delay(1);
    expect(recorder.gauge('temporal.worker.state')).toEqual([]);
  });
});
