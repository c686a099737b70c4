import { DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { parseExposition } from '../../../src/telemetry/metrics/parse-exposition.js';

const PAGE = `# HELP jobs_total Jobs that are done.
# TYPE jobs_total counter
jobs_total{queue="a \\"b\\" \\\\ c",kind="x"} 7
# TYPE size gauge
size 3.5
# HELP wait_seconds How long.
# TYPE wait_seconds histogram
wait_seconds_bucket{queue="a",le="0.1"} 2
wait_seconds_bucket{queue="a",le="1"} 5
wait_seconds_bucket{queue="a",le="+Inf"} 6
wait_seconds_sum{queue="a"} 4.25
wait_seconds_count{queue="a"} 6
# TYPE odd summary
odd_sum 1
untyped 1
no sample at all
`;

test('reads counters, gauges and histograms, and skips other types', () => {
  const metrics = parseExposition(PAGE, 5_000);

  expect(metrics.map(({ descriptor }) => [descriptor.name, descriptor.description])).toEqual([
    ['jobs', 'Jobs that are done.'],
    ['size', ''],
    ['wait_seconds', 'How long.'],
  ]);
  expect(metrics.map(({ dataPointType }) => dataPointType)).toEqual([
    DataPointType.SUM,
    DataPointType.GAUGE,
    DataPointType.HISTOGRAM,
  ]);
  expect(metrics.flatMap<unknown>(({ dataPoints }) => dataPoints)).toMatchObject([
    { attributes: { queue: 'a "b" \\ c', kind: 'x' }, value: 7, endTime: [5, 0] },
    { attributes: {}, value: 3.5 },
    {
      attributes: { queue: 'a' },
      value: { buckets: { boundaries: [0.1, 1], counts: [2, 3, 1] }, sum: 4.25, count: 6 },
    },
  ]);
});

test('an empty page has no metrics', () => {
  expect(parseExposition('', 0)).toEqual([]);
});
