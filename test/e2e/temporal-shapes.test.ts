/**
 * Many shapes of workflows, on an unchanged application: what is told of each is exact, and its history is the same as
 * without Redhook.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runApp } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { countsOf, seriesOf } from '../support/red.js';
import { SERVICES, type TemporalService } from '../support/temporal.js';
import { runText, SHAPES, type Shape } from '../support/temporal-shapes.js';

const TIMEOUT_MS = 180_000;

interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: string;
  readonly events: readonly string[];
}

type Runs = Record<string, readonly Run[]>;

describe.each(SERVICES)('shapes of workflows, on $name', ({ name: serviceName, start }) => {
  const shapes = SHAPES.filter(({ onlyReal }) => !onlyReal || serviceName === 'the real service');
  let temporal: TemporalService;
  let collector: Collector;
  let histories: string;
  beforeAll(async () => {
    histories = mkdtempSync(join(tmpdir(), 'redhook-shapes-'));
    [temporal, collector] = await Promise.all([start(), startCollector()]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await collector?.close();
    await temporal?.stop();
    rmSync(histories, { recursive: true, force: true });
  }, TIMEOUT_MS);

  async function app(
    file: string,
    args: string[],
    env: Record<string, string>,
    flags?: readonly [],
  ): Promise<string> {
    const running = runApp(`temporal/shapes/${file}`, { args, env, ...(flags && { flags: [] }) });
    onTestFinished(() => running.stop());
    expect(await running.ended, running.stderr()).toEqual({ code: 0, signal: null });
    return running.stdout();
  }

  async function run(
    service: string,
    played: readonly Shape[],
    more: Record<string, string> = {},
  ): Promise<Runs> {
    const folder = mkdtempSync(join(histories, service));
    const env = {
      TEMPORAL_ADDRESS: temporal.address,
      TASK_QUEUE: service,
      SHAPES: played.map(({ name }) => name).join(),
      HISTORIES: folder,
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'otlp',
      // Once, when the application ends.
      OTEL_METRIC_EXPORT_INTERVAL: '600000',
      ...more,
    };
    const runs = JSON.parse(await app('run.cjs', [], env, service.startsWith('bare') ? [] : undefined));
    // A shape that did not work has its error instead.
    expect(Object.entries(runs).filter(([, each]) => typeof each === 'string')).toEqual([]);
    return runs;
  }

  function spansOf(service: string): ReceivedSpan[] {
    return collector.spans.filter(({ resource }) => resource['service.name'] === service);
  }

  function check(service: string, played: readonly Shape[], runs: Runs, bare: Runs): void {
    const spans = spansOf(service);
    const told = byShape(service, spans);
    expect(Object.fromEntries(played.map(({ name }) => [name, told.get(name) ?? []]))).toEqual(
      Object.fromEntries(played.map((shape) => [shape.name, expected(shape, runs)])),
    );
    expect(Object.fromEntries(played.map((shape) => [shape.name, eventsOf(shape, runs)]))).toEqual(
      Object.fromEntries(played.map((shape) => [shape.name, eventsOf(shape, bare)])),
    );
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(ids.size).toBe(spans.length);
    const orphans = spans.filter(({ parentSpanId }) => parentSpanId !== '' && !ids.has(parentSpanId));
    expect(orphans.map(({ name }) => name)).toEqual([]);
    expect(countsOf(collector, service)).toEqual(seriesOf(spans));
  }

  test(
    'each operation is told once, as the service sees it, and histories are those of the bare application',
    async () => {
      const bare = await run('bare', shapes);
      const runs = await run('observed', shapes);
      check('observed', shapes, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'nothing changes if interceptors of the application wait before they start an operation',
    async () => {
      const played = shapes.filter(({ name }) => DELAYED.test(name));
      const bare = await run('bare-delayed', played, { TICKS: '1' });
      const runs = await run('delayed', played, { TICKS: '1' });
      check('delayed', played, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'nothing changes without a cache, when each task replays the workflow from its start',
    async () => {
      const played = shapes.filter(({ name }) => !NEEDS_CACHE.test(name));
      const bare = await run('bare-uncached', played, { CACHED: '0' });
      const runs = await run('uncached', played, { CACHED: '0' });
      check('uncached', played, runs, bare);
    },
    TIMEOUT_MS,
  );

  test(
    'what fails and is not awaited fails its task, as without the flag',
    async () => {
      const played = ['Unawaited', 'UnawaitedChild'].map((name) => ({ name, told: [] }));
      for (const ticks of [{}, { TICKS: '1' }]) {
        const [bare, service] = ticks.TICKS
          ? ['bare-unawaited-delayed', 'unawaited-delayed']
          : ['bare-unawaited', 'unawaited'];
        const expected = await run(bare as string, played, ticks);
        const runs = await run(service as string, played, ticks);
        for (const shape of played) expect(eventsOf(shape, runs)).toEqual(eventsOf(shape, expected));
        expect(spansOf(service as string).map(({ name }) => name)).not.toContain('RunWorkflow:Unawaited');
      }
    },
    TIMEOUT_MS,
  );

  test(
    'histories of the bare and of the observed application replay in both',
    async () => {
      for (const [pattern, env] of [
        [/delayed/, { TICKS: '1' }],
        [/^(?!.*delayed)/, {}],
      ] as const) {
        const folders = readdirSync(histories).filter((folder) => pattern.test(folder));
        const files = folders
          .flatMap((folder) =>
            readdirSync(join(histories, folder)).map((file) => join(histories, folder, file)),
          )
          .filter((file) => !NO_REPLAY.test(file));
        for (const flags of [[], undefined] as const) {
          const out = await app(
            'replay.cjs',
            files,
            { ...env, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
            flags,
          );
          expect(JSON.parse(out)).toEqual({ replayed: files.length, failed: [] });
        }
      }
    },
    TIMEOUT_MS,
  );
});

const DELAYED = /^(?:Activity|Local|Race|Child|Refused|Signals|Own|Parallel|Nexus|HandlerLeftOpen)/;
/** Without a cache, the core drops local activities, with and without Redhook. */
const NEEDS_CACHE = /^(?:Local|SignaledAtTheEnd)/;

/** Does not replay in the bare application either. */
const NO_REPLAY = /LocalActivityUnknown/;

/** What is told of each shape: of each trace that contains one of its workflows. */
function byShape(service: string, spans: readonly ReceivedSpan[]): Map<string, string[]> {
  const shapeOf = new Map<string, string>();
  for (const { traceId, attributes } of spans) {
    const [prefix, shape] = String(attributes['temporal.workflow_id'] ?? '').split('/');
    if (prefix === service && shape !== undefined) shapeOf.set(traceId, shape.split('-')[0] as string);
  }
  const told = new Map<string, string[]>();
  for (const { name, traceId, attributes } of spans) {
    if (!TOLD.test(name)) continue;
    const { 'temporal.status': status, 'error.type': error } = attributes;
    const shape = shapeOf.get(traceId) ?? '';
    told.set(shape, [
      ...(told.get(shape) ?? []),
      `${name} ${status}${error === undefined ? '' : ` ${error}`}`,
    ]);
  }
  for (const each of told.values()) each.sort();
  return told;
}

/** What workers tell, and updates as clients see them. */
const TOLD =
  /^(?!RunActivity:slow)(Run|ExecuteWorkflowUpdate|ExecuteUpdate|Handle|Continue|SignalWorkflow|StartActivity|StartChild|StartNexus)/;

function expected({ name, told }: Shape, runs: Runs): string[] {
  const closed = (runs[name] ?? []).map(runText).filter((text) => text !== undefined);
  return [...told, ...closed].sort();
}

function eventsOf({ name }: Shape, runs: Runs): unknown {
  return runs[name]?.map(({ type, status, events }) => [type, status, events.toSorted()]);
}
