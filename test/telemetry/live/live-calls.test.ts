import { expect, test } from 'vitest';
import { liveCalls } from '../../../src/telemetry/live/live-calls.js';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { callsInto, startSdk } from '../../support/sdk-metrics.js';

function start(maxSeries = 2_000) {
  const red = createRed({ maxRoutes: 500, maxSeries, exemplars: 'trace_based' });
  const internal = createInternalMetrics();
  internal.counter('redhook.spans.dropped', '', '{span}').add(3, { reason: 'queue' });
  return { call: callsInto(red), sdk: startSdk([red.producer, internal.producer]) };
}

test('calls of one name are one row, whatever came of them', async () => {
  const { call, sdk } = start();
  call({ route: '/orders/:id', code: 200, duration: 0.003 });
  call({ route: '/orders/:id', code: 404, duration: 0.003 });
  call({ route: '/orders/:id', code: 500, duration: 20 });
  call({ kind: 'client', code: 200, attributes: { 'server.address': 'stock', 'server.port': 80 } });
  const { calls } = liveCalls(await sdk.read());

  expect(calls).toMatchObject([
    { histogram: 'http.server.request.duration', name: 'GET /orders/:id', count: 3, failed: 1 },
    { histogram: 'http.client.request.duration', name: 'GET stock:80', count: 1, failed: 0 },
  ]);
  expect(calls[0]?.sum).toBeCloseTo(20.006);
  expect(calls[0]?.buckets.at(0)).toBe(2);
  expect(calls[0]?.buckets.at(-1)).toBe(1);
});

test('calls beyond the limit of series have a row of their own', async () => {
  const { call, sdk } = start(1);
  call({ route: '/a' });
  call({ route: '/b' });
  const { calls } = liveCalls(await sdk.read());
  expect(calls.map(({ name }) => name)).toEqual(['GET /a', '(all beyond the limit)']);
});

test('the totals are those of the health of Redhook, not of the application', async () => {
  const { sdk } = start();
  sdk.provider.getMeter('app').createCounter('sold').add(1);
  const { totals } = liveCalls(await sdk.read());
  expect(totals).toContainEqual({ name: 'redhook.spans.dropped', value: 3 });
  expect(totals.map(({ name }) => name)).not.toContain('sold');
});
