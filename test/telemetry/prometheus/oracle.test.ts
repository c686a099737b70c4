/**
 * For the application's own instruments our page has the same samples as that of the stock exporter, wherever the
 * stock exporter is right. The only differences:
 *
 * - our names contain the word of their unit, before `_total` and the suffixes of histograms;
 * - every sample has `service_name`;
 * - we leave out empty labels, which are the same as no labels to Prometheus.
 */
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { expect, test } from 'vitest';
import { negotiateFormat } from '../../../src/telemetry/prometheus/negotiate.js';
import { createPage } from '../../../src/telemetry/prometheus/page.js';
import { parse, type Sample } from '../../support/metrics.js';
import { ORDERS_PAGE } from '../../support/prometheus-page.js';
import { type Sdk, startSdk } from '../../support/sdk-metrics.js';

/** Our names by the names of the stock exporter, without suffixes. */
const NAMES: Record<string, string> = {
  queue_length: 'queue_length',
  carts: 'carts',
  sent: 'sent_bytes',
  cpu_time: 'cpu_time_seconds',
  temperature: 'temperature_celsius',
  utilization: 'utilization',
  latency: 'latency_milliseconds',
  sizes: 'sizes_bytes',
};

function useInstruments({ provider }: Sdk): void {
  const shop = provider.getMeter('shop', '1.2.3', { schemaUrl: 'https://opentelemetry.io/schemas/1.45.0' });
  const bare = provider.getMeter('');
  const carts = shop.createCounter('carts', {
    description: 'Carts "filled" \\ kept\nor not',
    unit: '{cart}',
  });
  carts.add(2, { kind: 'a"b\\c\nd', n: 1, ok: true });
  carts.add(0.5, { kind: 'ünïcödé', list: ['a', 'b'] });
  carts.add(1);
  shop.createCounter('sent', { unit: 'By' }).add(1e21, { 'peer.address': '::1' });
  shop.createUpDownCounter('queue.length', { unit: '{item}' }).add(-3, { queue: 'x' });
  const temperature = shop.createGauge('temperature', { unit: 'Cel' });
  for (const value of [-1.5, Number.NaN, Number.POSITIVE_INFINITY])
    temperature.record(value, { value: String(value) });
  bare.createObservableGauge('utilization', { unit: '1' }).addCallback((result) => result.observe(0.25));
  bare.createObservableCounter('cpu.time', { unit: 's' }).addCallback((result) => {
    result.observe(1.5, { mode: 'user' });
    result.observe(0.5, { mode: 'system' });
  });
  const latency = shop.createHistogram('latency', { unit: 'ms' });
  for (let i = 0; i < 200; i += 1) latency.record(i * i, { 'http.route': i % 2 ? '/a' : '/b' });
  const sizes = bare.createHistogram('sizes', {
    unit: 'By',
    advice: { explicitBucketBoundaries: [0.5, 1, 1e6] },
  });
  sizes.record(1);
  sizes.record(1e7);
}

function asOurs({ name, labels, value }: Sample): Sample {
  const [, base = '', suffix = ''] = /^(.*?)(_total|_bucket|_sum|_count|)$/.exec(name) ?? [];
  const kept = Object.entries(labels).filter(([, text]) => text !== '');
  return {
    name: `${NAMES[base] ?? `unexpected ${base}`}${suffix}`,
    labels: { ...Object.fromEntries(kept), service_name: 'orders' },
    value,
  };
}

function sorted(samples: Sample[]): string[] {
  return samples
    .map(({ name, labels, value }) => `${name} ${JSON.stringify(Object.entries(labels).sort())} ${value}`)
    .sort();
}

test('the page has the same samples as that of the stock exporter', async () => {
  const sdk = startSdk();
  useInstruments(sdk);
  const metrics = await sdk.read();
  const isTarget = ({ name }: Sample): boolean => name === 'target_info';

  const stock = parse(new PrometheusSerializer().serialize(metrics));
  const ours = parse([...createPage(ORDERS_PAGE)(metrics, negotiateFormat(undefined))].join(''));

  const expected = sorted(stock.filter((sample) => !isTarget(sample)).map(asOurs));
  expect(expected.length).toBeGreaterThan(40);
  expect(sorted(ours.filter((sample) => !isTarget(sample)))).toEqual(expected);
  expect(ours.find(isTarget)).toEqual(stock.find(isTarget));
});
