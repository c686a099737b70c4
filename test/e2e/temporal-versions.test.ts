/**
 * The order service on older versions of the Temporal SDK and beside Temporal's own tracing. Each version is installed
 * from the registry into its own folder.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NODES, runApp } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { ORDER, SIGNAL, treeOf } from '../support/order.js';
import { sentSpans } from '../support/sent.js';
import { BEST_SERVICE, type TemporalService } from '../support/temporal.js';

const TIMEOUT_MS = 180_000;
const APP = join(import.meta.dirname, '../apps/temporal');

describe(`Temporal, on ${BEST_SERVICE.name}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-temporal-'));
  let temporal: TemporalService;
  let collector: Collector;
  beforeAll(async () => {
    [temporal, collector] = await Promise.all([BEST_SERVICE.start(), startCollector()]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await collector?.close();
    await temporal?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TIMEOUT_MS);

  /** Installs a copy of the order service with its own packages. */
  async function install(version: string, more: Record<string, string> = {}): Promise<string> {
    const at = join(folder, [version, ...Object.keys(more)].join('-').replace(/\W/g, '-'));
    cpSync(APP, at, { recursive: true });
    const names = ['activity', 'client', 'common', 'proto', 'worker', 'workflow'];
    const dependencies = {
      ...Object.fromEntries(names.map((name) => [`@temporalio/${name}`, version])),
      ...more,
    };
    // The same override as in the package.json of this repository.
    const overrides = { '@swc/core': '1.16.18' };
    writeFileSync(
      join(at, 'package.json'),
      JSON.stringify({ name: 'orders', private: true, dependencies, overrides }),
    );
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: at });
    return at;
  }

  interface Run {
    args: string[];
    bare?: boolean;
    /** The package of Temporal's own tracing. */
    official?: string | undefined;
    node?: string;
  }

  let runs = 0;
  async function run(
    file: string,
    { args, bare, official, node }: Run,
  ): Promise<{ out: string; stderr: string; service: string }> {
    runs += 1;
    const service = `run-${runs}`;
    const app = runApp(file, {
      args,
      ...(bare && { flags: [] }),
      ...(node && { node }),
      env: {
        TEMPORAL_ADDRESS: temporal.address,
        TASK_QUEUE: service,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_METRICS_EXPORTER: 'none',
        ...(official && { OFFICIAL: official }),
      },
    });
    expect(await app.ended, app.stderr()).toEqual({ code: 0, signal: null });
    return { out: app.stdout(), stderr: app.stderr(), service };
  }

  function spansOf(service: string): ReceivedSpan[] {
    return sentSpans(collector, service);
  }

  test.each(['1.11.8', '1.14.0'])(
    'version %s: an order is one tree, and the application behaves as without the flag',
    async (version) => {
      const app = join(await install(version), 'app.cjs');
      const bare = await run(app, { args: ['order'], bare: true });
      for (const node of [NODES['22'], NODES['24']]) {
        const { out, service } = await run(app, { args: ['order'], node });

        expect(out).toBe(bare.out);
        const spans = spansOf(service);
        const order = spans.find(({ name }) => name === 'StartWorkflow:OrderWorkflow');
        const signal = spans.find(({ name }) => name === 'SignalWorkflow:pay');
        expect(treeOf(spans, order)).toEqual(ORDER);
        expect(treeOf(spans, signal)).toEqual(SIGNAL);
      }
    },
    TIMEOUT_MS,
  );

  test(
    'an unsupported version is logged in one line, and the application runs as without the flag',
    async () => {
      const app = join(await install('1.10.3'), 'app.cjs');
      const bare = await run(app, { args: ['order'], bare: true });
      const ours = await run(app, { args: ['order'] });

      expect(ours.out).toBe(bare.out);
      const lines = ours.stderr
        .trim()
        .split('\n')
        .filter((line) => !line.includes('service='));
      expect(lines.map((line) => line.replace(/\(.*?\)/, ''))).toEqual([
        'redhook: @temporalio/client 1.10.3 : expected ^1.11.0; calls through it are not observed',
        'redhook: @temporalio/worker 1.10.3 : expected ^1.11.0; calls through it are not observed',
      ]);
      expect(spansOf(ours.service).filter(({ name }) => name.includes('Workflow:'))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test.each([
    ['1.24.0', '@temporalio/interceptors-opentelemetry', '1.24.0'],
    ['1.23.0', '@temporalio/interceptors-opentelemetry-v2', '1.23.0'],
  ])(
    'version %s beside %s %s: no span is duplicated, and histories that replay without the flag replay with it',
    async (version, official, officialVersion) => {
      const at = await install(version, { [official]: officialVersion });
      const histories: string[] = [];
      for (const [name, options] of Object.entries({
        none: { bare: true },
        ours: {},
        theirs: { bare: true, official },
        both: { official },
      })) {
        const history = join(at, name);
        const { service } = await run(join(at, 'record.cjs'), { args: [history], ...options });
        histories.push(history);
        if (name === 'both') expectNotDoubled(spansOf(service));
      }

      for (const tracing of [undefined, official]) {
        const [bare, ours] = [
          await run(join(at, 'replay.cjs'), { args: histories, official: tracing, bare: true }),
          await run(join(at, 'replay.cjs'), { args: histories, official: tracing }),
        ];
        expect(ours.out).toBe(bare.out);
        // At least the histories that were recorded with the same tracing replay.
        const lines = ours.out.trim().split('\n');
        expect(tracing === undefined ? lines.slice(0, 2) : lines.slice(2)).toEqual(['replayed', 'replayed']);
      }
    },
    TIMEOUT_MS,
  );
});

/** An order has two runs. Redhook still records the operations for which Temporal's tracing has no span. */
function expectNotDoubled(spans: ReceivedSpan[]): void {
  const count = (name: string): number => spans.filter((span) => span.name === name).length;
  expect(count('StartWorkflow:OrderWorkflow')).toBeLessThanOrEqual(1);
  expect(count('SignalWorkflow:pay')).toBeLessThanOrEqual(1);
  expect(count('RunWorkflow:OrderWorkflow')).toBeLessThanOrEqual(1);
  expect(count('RunActivity:reserve')).toBeLessThanOrEqual(1);
  expect(count('GetWorkflowResult')).toBe(1);
}
