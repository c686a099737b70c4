/** Runs that the service closes itself, and workers that are killed: who tells of them, and that nobody does it twice. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type App, runApp } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { BEST_SERVICE, type TemporalService } from '../support/temporal.js';

const TIMEOUT_MS = 90_000;
let temporal: TemporalService;
let collector: Collector;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  [temporal, collector] = await Promise.all([BEST_SERVICE.start(), startCollector()]);
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection });
}, TIMEOUT_MS);
afterAll(async () => {
  await connection?.close();
  await collector?.close();
  await temporal?.stop();
});

async function startWorker(taskQueue: string, env: Record<string, string> = {}): Promise<App> {
  const worker = runApp('temporal/serving.cjs', {
    env: {
      TEMPORAL_ADDRESS: temporal.address,
      TASK_QUEUE: taskQueue,
      OTEL_SERVICE_NAME: taskQueue,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      ...env,
    },
  });
  onTestFinished(() => worker.stop());
  await expect.poll(() => worker.stdout(), { timeout: TIMEOUT_MS }).toContain('serving');
  return worker;
}

function spansOf(taskQueue: string): ReceivedSpan[] {
  return collector.spans.filter(({ resource }) => String(resource['service.name']).startsWith(taskQueue));
}

function toldOf(taskQueue: string): string[] {
  return spansOf(taskQueue)
    .map(({ name, attributes }) => `${name} ${attributes['temporal.status']}`)
    .sort();
}

async function until(taskQueue: string, told: string, times = 1): Promise<void> {
  const count = (): number => toldOf(taskQueue).filter((each) => each === told).length;
  await expect.poll(count, { timeout: 30_000, interval: 50 }).toBe(times);
}

function expectNoOrphans(taskQueue: string): void {
  const spans = spansOf(taskQueue);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  expect(ids.size).toBe(spans.length);
  expect(spans.filter(({ parentSpanId }) => parentSpanId !== '' && !ids.has(parentSpanId))).toEqual([]);
}

test(
  'a run that is terminated from elsewhere is told by its worker while it serves',
  async () => {
    const taskQueue = 'terminated';
    await startWorker(taskQueue);
    const handle = await client.workflow.start('EndlessWorkflow', { taskQueue, workflowId: taskQueue });
    await handle.signal('pay');
    await until(taskQueue, 'StartActivity:charge completed');
    await handle.terminate();

    await until(taskQueue, 'RunWorkflow:EndlessWorkflow terminated');
    expect(toldOf(taskQueue)).toEqual([
      'HandleSignal:pay completed',
      'RunActivity:charge completed',
      'RunWorkflow:EndlessWorkflow terminated',
      'StartActivity:charge completed',
    ]);
    expectNoOrphans(taskQueue);
  },
  TIMEOUT_MS,
);

test(
  'a run that has gone on in another worker is told there alone',
  async () => {
    const taskQueue = 'moved';
    // Without a cache, each task goes to either of them.
    const workers = [
      await startWorker(taskQueue, { OTEL_SERVICE_NAME: 'moved-1', CACHED: '0' }),
      await startWorker(taskQueue, { OTEL_SERVICE_NAME: 'moved-2', CACHED: '0' }),
    ];
    const handle = await client.workflow.start('EndlessWorkflow', { taskQueue, workflowId: taskQueue });
    const tellsOfRun = (service: string): boolean =>
      spansOf(service).some(({ name }) => name === 'HandleSignal:pay');
    let steps = 0;
    while (!(tellsOfRun('moved-1') && tellsOfRun('moved-2'))) {
      await handle.signal('pay');
      steps += 1;
      await until(taskQueue, 'StartActivity:charge completed', steps);
    }
    await handle.terminate();
    await until(taskQueue, 'RunWorkflow:EndlessWorkflow terminated');
    // Both have looked by then.
    await delay(6_000);
    for (const worker of workers) worker.signal('SIGTERM');
    await Promise.all(workers.map(({ ended }) => ended));

    const runs = toldOf(taskQueue).filter((each) => each.startsWith('RunWorkflow'));
    expect(runs).toEqual(['RunWorkflow:EndlessWorkflow terminated']);
    expect(spansOf(taskQueue)).toHaveLength(3 * steps + 1);
    expectNoOrphans(taskQueue);
  },
  TIMEOUT_MS,
);

// The fake has no time-outs, after which another worker gets the task.
test.runIf(BEST_SERVICE.name === 'the real service')(
  'a worker that is killed in a workflow task tells nothing of it, and the next one tells it once',
  async () => {
    const taskQueue = 'killed';
    const first = await startWorker(taskQueue);
    const handle = await client.workflow.start('LocallyLingeringWorkflow', {
      taskQueue,
      workflowId: taskQueue,
      workflowTaskTimeout: '1s',
    });
    await expect.poll(() => first.stdout(), { timeout: 20_000 }).toContain('lingering');
    first.signal('SIGKILL');
    await first.ended;
    await startWorker(taskQueue);
    await handle.result();

    await until(taskQueue, 'RunWorkflow:LocallyLingeringWorkflow completed');
    expect(toldOf(taskQueue)).toEqual([
      'RunActivity:linger completed',
      'RunWorkflow:LocallyLingeringWorkflow completed',
      'StartActivity:linger completed',
    ]);
    expectNoOrphans(taskQueue);
  },
  TIMEOUT_MS,
);
