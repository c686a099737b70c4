/** Runs shapes of workflows in an application, with and without Redhook, and compares what is told of them. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { runApp } from './app.js';
import { type Collector, type ReceivedSpan, startCollector } from './collector.js';
import { countsOf, seriesOf } from './red.js';
import { sentSpans } from './sent.js';
import type { TemporalService } from './temporal.js';
import { runText, type Shape } from './temporal-shapes.js';

export const TIMEOUT_MS = 180_000;

interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: string;
  readonly events: readonly string[];
}

export type Runs = Record<string, readonly Run[]>;

export interface ShapeRuns {
  /** Runs the shapes as a service of this name, without Redhook if the name starts with `bare`. */
  run(service: string, played: readonly Shape[], more?: Record<string, string>): Promise<Runs>;
  /** Each operation is told once, as the service sees it, and histories are those of the bare application. */
  check(service: string, played: readonly Shape[], runs: Runs, bare: Runs): void;
  spansOf(service: string): ReceivedSpan[];
  /** Replays the histories of all services whose name matches, without Redhook and with it. */
  replay(pattern: RegExp, env: Record<string, string>, left: RegExp): Promise<void>;
}

/**
 * Starts what the runs need before the tests of the suite. `folder` has the shapes, in apps/temporal/shapes. `compared`
 * are the names of the spans that the table of the shapes has.
 */
export function useShapeRuns(
  start: () => Promise<TemporalService>,
  folder: string,
  compared: RegExp,
): ShapeRuns {
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
    const to = mkdtempSync(join(histories, `${service}-`));
    const env = {
      TEMPORAL_ADDRESS: temporal.address,
      TASK_QUEUE: service,
      SHAPES: played.map(({ name }) => name).join(),
      HISTORIES: to,
      FOLDER: folder,
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
    return sentSpans(collector, service);
  }

  function check(service: string, played: readonly Shape[], runs: Runs, bare: Runs): void {
    const spans = spansOf(service);
    const told = byShape(service, spans, compared);
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

  async function replay(pattern: RegExp, env: Record<string, string>, left: RegExp): Promise<void> {
    const folders = readdirSync(histories).filter((name) => pattern.test(name));
    const files = folders
      .flatMap((name) => readdirSync(join(histories, name)).map((file) => join(histories, name, file)))
      .filter((file) => !left.test(file));
    for (const flags of [[], undefined] as const) {
      const quiet = { FOLDER: folder, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
      const out = await app('replay.cjs', files, { ...env, ...quiet }, flags);
      expect(JSON.parse(out)).toEqual({ replayed: files.length, failed: [] });
    }
  }

  return { run, check, spansOf, replay };
}

/** What is told of each shape: of each trace that contains one of its workflows. */
function byShape(service: string, spans: readonly ReceivedSpan[], compared: RegExp): Map<string, string[]> {
  const shapeOf = new Map<string, string>();
  for (const { traceId, attributes } of spans) {
    const [prefix, shape] = String(attributes['temporal.workflow_id'] ?? '').split('/');
    if (prefix === service && shape !== undefined) shapeOf.set(traceId, shape.split('-')[0] as string);
  }
  const told = new Map<string, string[]>();
  for (const { name, traceId, attributes } of spans) {
    if (!compared.test(name)) continue;
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

function expected({ name, told }: Shape, runs: Runs): string[] {
  const closed = (runs[name] ?? []).map(runText).filter((text) => text !== undefined);
  return [...told, ...closed].sort();
}

export function eventsOf({ name }: Shape, runs: Runs): unknown {
  return runs[name]?.map(({ type, status, events }) => [type, status, events.toSorted()]);
}
