/** Parts of the load tests: a thousand mixed calls of an application with each sampler, and exact counts. */
import { randomBytes } from 'node:crypto';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace';
import { expect, onTestFinished } from 'vitest';
import { type App, freePort, startApp } from './app.js';
import type { Collector, ReceivedSpan } from './collector.js';
import { conventionOf, labelsOf, textOf } from './labels.js';
import { type Sample, scrape, total } from './metrics.js';
import { sentSpans } from './sent.js';

const CALLS = 1_000;
const CONCURRENCY = 20;
const RATIO = 0.1;

/** The samplers, and which trace ids they sample. */
export const SAMPLERS: [name: string, isSampled: (traceId: string) => boolean][] = [
  ['always_on', () => true],
  ['always_off', () => false],
  ['traceidratio', isInRatio],
];

function isInRatio(traceId: string): boolean {
  return new TraceIdRatioBasedSampler(RATIO).shouldSample(ROOT_CONTEXT, traceId).decision > 0;
}

export interface Sent<K> {
  readonly kind: K;
  readonly traceId: string;
  readonly traceparent: string;
}

/** A thousand calls of these kinds, each in its own trace. */
export function mix<K>(kinds: readonly K[]): Sent<K>[] {
  return Array.from({ length: CALLS }, (_, index) => {
    const traceId = randomBytes(16).toString('hex');
    return {
      kind: kinds[index % kinds.length] as K,
      traceId,
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    };
  });
}

/** Sends all calls, a few at a time. */
export async function sendAll<T>(calls: readonly T[], send: (call: T) => Promise<void>): Promise<void> {
  const queue = [...calls];
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await send(next);
    }),
  );
}

export interface LoadedApp extends App {
  metricsPort: number;
}

/** Starts an application whose service is named after its sampler. */
export async function startUnder(sampler: string, file: string, collector: Collector): Promise<LoadedApp> {
  const metricsPort = await freePort();
  const app = await startApp(file, {
    env: {
      OTEL_SERVICE_NAME: sampler,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: String(RATIO),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
    },
  });
  onTestFinished(() => app.stop());
  return Object.assign(app, { metricsPort });
}

/** The metrics page, once a histogram has counted at least this many calls. Fails if it has counted more. */
export async function scrapeCounted(
  { metricsPort }: LoadedApp,
  histogram: string,
  calls: number,
): Promise<Sample[]> {
  let samples: Sample[] = [];
  await expect
    .poll(async () => {
      samples = await scrape(metricsPort);
      return total(samples, `${histogram}_count`);
    })
    .toBeGreaterThanOrEqual(calls);
  expect(total(samples, `${histogram}_count`)).toBe(calls);
  expect(total(samples, `${histogram}_bucket`, { le: '+Inf' })).toBe(calls);
  return samples;
}

/**
 * Ends the application. It must have sent exactly this many spans, each counted in the series of its labels. With
 * `always_on`, each series therefore has as many spans as calls.
 */
export async function expectSpans(
  app: LoadedApp,
  sampler: string,
  collector: Collector,
  histograms: readonly string[],
  { samples, sampled }: { samples: Sample[]; sampled: number },
): Promise<void> {
  app.signal('SIGTERM');
  expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
  const spans = sentSpans(collector, sampler);
  expect(spans).toHaveLength(sampled);

  const series = countBy(
    samples.filter(({ name }) => histograms.some((histogram) => name === `${histogram}_count`)),
    ({ labels: { service_name: _, ...labels } }) => textOf(labels),
    ({ value }) => value,
  );
  const spanned = countBy(spans, seriesOf);
  if (sampler === 'always_on') expect(spanned).toEqual(series);
  else expect([...series.keys()]).toEqual(expect.arrayContaining([...spanned.keys()]));
}

/** The labels of the series of a span, in Prometheus spelling. */
function seriesOf(span: ReceivedSpan): string {
  const labels = labelsOf(conventionOf(span), span.attributes);
  return textOf(
    Object.fromEntries(
      Object.entries(labels).map(([name, value]) => [name.replaceAll('.', '_'), String(value)]),
    ),
  );
}

/** How often each key occurs, or the sum of `count` for each key. */
export function countBy<T>(
  items: readonly T[],
  key: (item: T) => string = String,
  count: (item: T) => number = () => 1,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + count(item));
  return new Map([...counts].sort());
}

export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
