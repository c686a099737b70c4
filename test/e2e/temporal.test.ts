/** An order service on Temporal, unchanged: linked traces, exact counts, safe replays. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type AppOptions, freePort, NODES, runApp } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { scrape } from '../support/metrics.js';
import { ORDER, SERVICE, SIGNAL, treeOf } from '../support/order.js';
import { countsOf, seriesOf } from '../support/red.js';
import { sentSpans } from '../support/sent.js';
import { SERVICES, type TemporalService } from '../support/temporal.js';

const TIMEOUT_MS = 120_000;

describe.each(SERVICES)('Temporal, on $name', ({ start }) => {
  let temporal: TemporalService;
  let collector: Collector;
  beforeAll(async () => {
    [temporal, collector] = await Promise.all([start(), startCollector()]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await collector?.close();
    await temporal?.stop();
  });

  function environment(service: string): Record<string, string> {
    return {
      TEMPORAL_ADDRESS: temporal.address,
      TASK_QUEUE: service,
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'otlp',
    };
  }

  async function run(
    service: string,
    file: string,
    args: string[],
    options: AppOptions = {},
  ): Promise<string> {
    const app = runApp(`temporal/${file}`, { args, env: environment(service), ...options });
    onTestFinished(() => app.stop());
    const ended = await app.ended;
    expect([ended, app.stderr().split('\n').length], app.stderr()).toEqual([
      { code: 0, signal: null },
      options.flags === undefined ? 2 : 1,
    ]);
    return app.stdout();
  }

  function spansOf(service: string): ReceivedSpan[] {
    return sentSpans(collector, service);
  }

  test(
    'an order is one tree, from its start to the requests of its activities, and the application behaves as without the flag',
    async () => {
      const bare = await run('bare', 'app.cjs', ['order'], { flags: [] });
      const cases = [
        ['22', 'app.cjs'],
        ['24', 'app.cjs'],
        ['24', 'app.mjs'],
      ] as const;
      for (const [version, file] of cases) {
        const service = `order-${version}-${file}`;
        expect(await run(service, file, ['order'], { node: NODES[version] })).toBe(bare);

        const spans = spansOf(service);
        const order = spans.find(({ name }) => name === 'StartWorkflow:OrderWorkflow');
        expect(treeOf(spans, order)).toEqual(ORDER);
        const signal = spans.find(({ name }) => name === 'SignalWorkflow:pay');
        expect(treeOf(spans, signal)).toEqual(SIGNAL);
        const trees = spans.filter(({ parentSpanId }) => parentSpanId === '').map(({ name }) => name);
        expect(trees.sort()).toEqual(ROOTS);
        expect(countsOf(collector, service)).toEqual(seriesOf(spans));
      }
    },
    TIMEOUT_MS,
  );

  test(
    'the tree is the same without a cache, when each task replays the workflow from its start',
    async () => {
      const env = { ...environment('uncached'), CACHED_WORKFLOWS: '0' };
      await run('uncached', 'app.cjs', ['order'], { env });

      const spans = spansOf('uncached');
      expect(
        treeOf(
          spans,
          spans.find(({ name }) => name === 'StartWorkflow:OrderWorkflow'),
        ),
      ).toEqual(ORDER);
      expect(countsOf(collector, 'uncached')).toEqual(seriesOf(spans));
    },
    TIMEOUT_MS,
  );

  test(
    'five hundred workflows are counted exactly',
    async () => {
      const out = await run('many', 'app.cjs', ['many', '500']);
      expect(out).toBe('{"failed":50,"all":500}\n');

      const counts = countsOf(collector, 'many');
      const of = (route: string): number[] =>
        [...counts].filter(([series]) => series.includes(`"${route}"`)).map(([, count]) => count);
      // Completed and failed.
      for (const route of ['ExecuteWorkflow', 'RunWorkflow'])
        expect(of(`${route}:SmallWorkflow`).sort()).toEqual([450, 50]);
      for (const route of ['StartWorkflow:SmallWorkflow', 'StartActivity:charge', 'RunActivity:charge'])
        expect(of(route)).toEqual([500]);
      expect(counts).toEqual(seriesOf(spansOf('many')));
    },
    TIMEOUT_MS,
  );

  test(
    'a worker that is stopped during an activity ends as without the flag and exports its last spans',
    async () => {
      const ends = [];
      for (const service of ['ends-bare', 'ends']) {
        const flags = service === 'ends-bare' && { flags: [] };
        const app = runApp('temporal/worker.cjs', { env: environment(service), ...flags });
        onTestFinished(() => app.stop());
        await expect.poll(() => app.stdout(), { timeout: 20_000 }).toContain('lingering');
        app.signal('SIGTERM');
        ends.push([await app.ended, app.stdout()]);
      }

      expect(ends[1]).toEqual(ends[0]);
      const names = spansOf('ends').map(({ name, attributes }) => `${name} ${attributes['temporal.status']}`);
      expect(names).toContain('RunActivity:linger completed');
      expect(names).toContain('StartWorkflow:LingeringWorkflow completed');
    },
    TIMEOUT_MS,
  );

  test(
    'the page contains the metrics of Temporal’s core and the state of the worker',
    async () => {
      const port = await freePort();
      const env = {
        ...environment('page'),
        OTEL_METRICS_EXPORTER: 'prometheus',
        OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      };
      const app = runApp('temporal/worker.cjs', { env });
      onTestFinished(() => app.stop());
      await expect.poll(() => app.stdout(), { timeout: 20_000 }).toContain('lingering');

      const samples = await scrape(port);
      const find = (name: string, labels: Record<string, string>) =>
        samples.find(
          (sample) =>
            sample.name === name && isDeepStrictEqual({ ...sample.labels, ...labels }, sample.labels),
        );
      expect(find('temporal_worker_state', { temporal_worker_state: 'RUNNING' })?.value).toBe(1);
      expect(find('temporal_worker_activities', { temporal_activity_type: 'linger' })?.value).toBe(1);
      const slots = { service_name: 'page', task_queue: 'page', worker_type: 'ActivityWorker' };
      expect(find('temporal_worker_task_slots_used', slots)?.value).toBe(1);
      expect(
        find('temporal_workflow_task_schedule_to_start_latency_seconds_count', {})?.value,
      ).toBeGreaterThan(0);
      app.signal('SIGTERM');
      await app.ended;
    },
    TIMEOUT_MS,
  );

  test(
    'histories recorded with or without Redhook replay both with and without it',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'redhook-history-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const [bare, observed] = [join(folder, 'bare'), join(folder, 'observed')];
      await run('record-bare', 'record.cjs', [bare], { flags: [] });
      await run('record-observed', 'record.cjs', [observed]);

      for (const flags of [[], undefined]) {
        const replays = await run('replay', 'replay.cjs', [bare, observed], flags && { flags });
        expect(replays).toBe('replayed\nreplayed\n');
      }
      expect(spansOf('replay')).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

/** The operations of the client, each in its own trace. */
const ROOTS = [
  'CancelWorkflow',
  'DescribeWorkflow',
  'ExecuteWorkflow:SmallWorkflow',
  'ExecuteWorkflowUpdate:discount',
  'GetWorkflowResult',
  'GetWorkflowResult',
  'QueryWorkflow:paid',
  'SignalWithStartWorkflow:WaitingWorkflow',
  'SignalWorkflow:pay',
  'StartWorkflow:OrderWorkflow',
  'StartWorkflow:WaitingWorkflow',
  'StartWorkflow:WaitingWorkflow',
  'TerminateWorkflow',
  `${SERVICE}/GetSystemInfo`,
].sort();
