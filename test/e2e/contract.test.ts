/**
 * The contract of every boundary: the application sees the same as without Redhook, each call is one span on each of
 * its sides, and its span carries the labels of the series that counted it. The calls are in test/apps/contract.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { instrumentations } from '../../src/instrumentations/index.js';
import { type AppOptions, NODES, runApp } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { conventionOf } from '../support/labels.js';
import { countsOf, seriesOf } from '../support/red.js';

/** The boundaries that have scenarios: the files of test/apps/contract that are named like an instrumentation. */
const files = readdirSync(join(import.meta.dirname, '../apps/contract'));
const BOUNDARIES = instrumentations.map(({ name }) => name).filter((name) => files.includes(`${name}.cjs`));

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

interface Scenario {
  name: string;
  /** One line for each root call: the call, then `>` and the calls made inside it. */
  calls: string[];
  account: unknown;
}

describe.each(Object.entries(NODES))('Node %s', (version, node) => {
  test.each(BOUNDARIES)('%s', async (boundary) => {
    const service = `${version} ${boundary}`;
    const env = {
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'otlp',
    };

    const [bare, ours] = await Promise.all([
      play(boundary, { node, flags: [] }),
      play(boundary, { node, env }),
    ]);

    const [startLine, ...lines] = ours.stderr;
    expect(startLine).toContain('redhook');
    const well = { end: { code: 0, signal: null }, stderr: [] };
    expect(bare).toMatchObject(well);
    expect.soft({ ...ours, stderr: lines }).toMatchObject(well);
    expect(ours.scenarios.map(({ name }) => name)).toEqual(bare.scenarios.map(({ name }) => name));
    for (const [index, { name, account }] of bare.scenarios.entries()) {
      expect.soft(ours.scenarios[index]?.account, name).toEqual(account);
    }

    const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
    expect(callsIn(spans)).toEqual(declared(bare.scenarios));
    expect(seriesOf(spans)).toEqual(countsOf(collector, service));
  });
});

/** Runs all scenarios of a boundary to the end of their process. */
async function play(boundary: string, options: AppOptions) {
  const app = runApp('contract/run.cjs', { args: [boundary], ...options });
  onTestFinished(() => app.stop());
  const end = await app.ended;
  const scenarios = linesOf(app.stdout()).map((line): Scenario => JSON.parse(line));
  return { end, stderr: linesOf(app.stderr()), scenarios };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function declared(scenarios: Scenario[]): Record<string, string[]> {
  return Object.fromEntries(
    scenarios.filter(({ calls }) => calls.length > 0).map(({ name, calls }) => [name, [...calls].sort()]),
  );
}

/** The calls that the spans show, in the notation of the scenarios. */
function callsIn(spans: ReceivedSpan[]): Record<string, string[]> {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const calls: Record<string, string[]> = {};
  for (const span of spans) {
    if (ids.has(span.parentSpanId)) continue;
    const name = scenarioOf(span);
    calls[name] = [...(calls[name] ?? []), told(span, spans)].sort();
  }
  return calls;
}

/** `client GET 200 > server GET 200`, `client Get UNAVAILABLE > (server Get OK, server Get OK)` */
function told(span: ReceivedSpan, spans: ReceivedSpan[]): string {
  const { kind, operation, code, error } = partsOf(span);
  const words = [kind, operation, code, error === undefined || error === code ? undefined : `error=${error}`];
  const self = words.filter((word) => word !== undefined).join(' ');
  const inside = spans
    .filter(({ traceId, parentSpanId }) => traceId === span.traceId && parentSpanId === span.spanId)
    .map((child) => told(child, spans))
    .sort();
  if (inside.length === 0) return self;
  return `${self} > ${inside.length === 1 ? inside[0] : `(${inside.join(', ')})`}`;
}

function partsOf(span: ReceivedSpan) {
  const { attributes } = span;
  const convention = conventionOf(span);
  const text = (name: string | undefined): string | undefined =>
    name === undefined || attributes[name] === undefined ? undefined : String(attributes[name]);
  return {
    kind: span.kind === 'SERVER' ? 'server' : 'client',
    // Each scenario has its own gRPC service.
    operation: text(convention.operation)?.replace(/^.*\//, ''),
    code: text(convention.code),
    error: text('error.type'),
  };
}

/** The first part of the path. Each scenario has its own. */
function scenarioOf({ attributes }: ReceivedSpan): string {
  const path =
    attributes['url.full'] ??
    attributes['url.path'] ??
    attributes['rpc.method_original'] ??
    attributes['rpc.method'];
  return /^(?:https?:\/\/[^/]*)?\/?([\w-]+)/.exec(String(path))?.[1] ?? String(path);
}
