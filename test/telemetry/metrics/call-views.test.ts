import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ViewConfig } from '../../../src/config/config.js';
import { log } from '../../../src/log.js';
import { HTTP_SERVER } from '../../../src/semconv/http.js';
import { callStreams } from '../../../src/telemetry/metrics/call-views.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { callsInto } from '../../support/sdk-metrics.js';

let warnings: string[];
beforeEach(() => {
  warnings = [];
  vi.spyOn(log, 'warn').mockImplementation((line) => void warnings.push(line));
});
afterEach(() => vi.restoreAllMocks());

test.each([
  [{}, true],
  [{ instrument_name: 'http.server.request.duration' }, true],
  [{ instrument_name: 'http.*' }, true],
  [{ instrument_name: 'rpc.*' }, false],
  [{ instrument_type: 'histogram', unit: 's', meter_name: 'redhook' } as const, true],
  [{ instrument_type: 'counter' } as const, false],
  [{ unit: 'ms' }, false],
  [{ meter_name: 'app' }, false],
])('the selector %j matches: %s', (selector, matches) => {
  const streams = callStreams(HTTP_SERVER, [{ selector, stream: { aggregation: { type: 'drop' } } }]);
  expect(streams).toHaveLength(matches ? 0 : 1);
});

function metricsOf(views: ViewConfig[]) {
  const red = createRed({ maxRoutes: 500, maxSeries: 2_000, exemplars: 'trace_based', views });
  const call = callsInto(red);
  call({ route: '/a', code: 200, duration: 0.3 });
  call({ route: '/b', code: 200, duration: 3 });
  return red.metrics().filter(({ descriptor }) => !descriptor.name.startsWith('redhook.'));
}

test('a view can rename, describe and give buckets and labels', () => {
  const [metric, ...others] = metricsOf([
    {
      selector: { instrument_name: 'http.server.*' },
      stream: {
        name: 'latency',
        description: 'How long it took.',
        aggregation: { type: 'explicit_bucket_histogram', boundaries: [1, 2] },
        attribute_keys: { included: ['http.request.*', 'http.response.*'] },
      },
    },
  ]);
  expect(others).toEqual([]);
  expect(metric?.descriptor).toMatchObject({ name: 'latency', description: 'How long it took.', unit: 's' });
  expect(metric?.dataPoints).toMatchObject([
    {
      attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200 },
      value: { count: 2, buckets: { boundaries: [1, 2], counts: [1, 0, 1] } },
    },
  ]);
});

test('each matching view makes a metric, and another series limit', () => {
  const metrics = metricsOf([
    { selector: {}, stream: {} },
    { selector: {}, stream: { name: 'few', aggregation_cardinality_limit: 1 } },
  ]);
  expect(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.length])).toEqual([
    ['http.server.request.duration', 2],
    ['few', 2],
  ]);
  expect(metrics[1]?.dataPoints[1]?.attributes).toEqual({ 'otel.metric.overflow': true });
});

test('another aggregation than buckets is reported', () => {
  const [metric] = metricsOf([
    { selector: {}, stream: { aggregation: { type: 'base2_exponential_bucket_histogram' } } },
  ]);
  expect(metric?.dataPoints).toHaveLength(2);
  expect(warnings).toEqual([expect.stringContaining('a view wants base2_exponential_bucket_histogram')]);
});

test('spans keep the labels that a view takes from a metric', () => {
  const whole = callStreams(HTTP_SERVER, [{ selector: {}, stream: { name: 'x' } }]);
  const part = callStreams(HTTP_SERVER, [
    { selector: {}, stream: { attribute_keys: { excluded: ['url.scheme'] } } },
  ]);
  expect([whole, part].map(([stream]) => stream?.isWhole)).toEqual([true, false]);
});
