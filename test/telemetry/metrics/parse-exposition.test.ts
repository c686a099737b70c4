import { DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, test, vi } from 'vitest';
import { log } from '../../../src/log.js';
import { parseExposition } from '../../../src/telemetry/metrics/parse-exposition.js';
import { StartTimes } from '../../../src/telemetry/metrics/start-times.js';

const PAGE = `# HELP jobs_total Jobs that are done.
# TYPE jobs_total counter
jobs_total{queue="a \\"b\\" \\\\ c",kind="x"} 7
# TYPE size gauge
size 3.5
untyped_beside_a_gauge 4
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

test('reads counters, gauges and histograms, and skips other types', async () => {
  const metrics = await parseExposition(PAGE, 5_000);

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

test('an empty page has no metrics', async () => {
  expect(await parseExposition('', 0)).toEqual([]);
});

const pointsOf = async (page: string): Promise<unknown[]> =>
  (await parseExposition(page, 0)).flatMap<unknown>(({ dataPoints }) => dataPoints);

test.each([
  ['a name that is no name', '7a 1'],
  ['labels that do not end', 'a{b="c" 1'],
  ['labels without quotes', 'a{b=c} 1'],
  ['a value that is no number', 'a much'],
  ['a value that is missing', 'a{b="c"}'],
  ['a line of a megabyte', `a{${'x'.repeat(1_000_000)}} 1`],
  ['a type that comes twice', '# TYPE a histogram'],
])('skips %s, and reads what follows', async (_, line) => {
  expect(await pointsOf(`# TYPE a gauge\n${line}\na{b="}"} 2 1700000000000\n`)).toMatchObject([
    { attributes: { b: '}' }, value: 2 },
  ]);
});

test.each([
  ['buckets that fall', ['le="1"} 5', 'le="2"} 3', 'le="+Inf"} 6']],
  ['a bucket that is no number', ['le="1"} NaN', 'le="+Inf"} 6']],
  ['a bound that is no number', ['le="x"} 1', 'le="+Inf"} 6']],
  ['a bound that comes twice', ['le="1"} 1', 'le="1"} 2', 'le="+Inf"} 6']],
  ['a negative count', ['le="+Inf"} -1']],
  ['no total', ['le="1"} 1']],
])('leaves out a histogram with %s, and keeps the next one', async (_, buckets) => {
  const page = ['# TYPE h histogram', ...buckets.map((each) => `h_bucket{q="broken",${each}`)];
  expect(
    await pointsOf([...page, 'h_bucket{q="whole",le="+Inf"} 1', 'h_sum{q="whole"} 2'].join('\n')),
  ).toMatchObject([
    { attributes: { q: 'whole' }, value: { buckets: { boundaries: [], counts: [1] }, count: 1, sum: 2 } },
  ]);
});

test('leaves out counters that no counter can be', async () => {
  expect(
    await pointsOf('# TYPE a counter\na{b="1"} NaN\na{b="2"} -1\na{b="3"} +Inf\na{b="4"} 1e3'),
  ).toMatchObject([{ attributes: { b: '4' }, value: 1_000 }]);
});

test('the time is proportional to the lines, in one family, one histogram and one line', async () => {
  const lines = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i));
  const started = performance.now();
  const gauges = await pointsOf(`# TYPE g gauge\n${lines(40_000, (i) => `g{i="${i}"} ${i}`).join('\n')}`);
  const histograms = await pointsOf(
    `# TYPE h histogram\n${lines(40_000, (i) => `h_bucket{le="${i}"} ${i}`).join('\n')}\nh_count 40000`,
  );
  await pointsOf(lines(200, () => `a{${'x'.repeat(60_000)}} 1`).join('\n'));

  expect([gauges.length, histograms.length]).toEqual([40_000, 1]);
  // Quadratic, each of these takes many seconds.
  expect(performance.now() - started).toBeLessThan(3_000);
});

test.each([
  ['samples', (i: number) => `g{i="${i}"} ${i}`],
  ['histograms', (i: number) => `h_count{i="${i}"} ${i}`],
  ['unreadable lines', (i: number) => `g{i="${i}`],
])('the application has its turn while many %s are read', async (_, line) => {
  const page = Array.from({ length: 40_000 }, (_, i) => line(i)).join('\n');
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);

  await pointsOf(`# TYPE g gauge\n# TYPE h histogram\n${page}`);

  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

test('a page with too many samples is read up to the limit, and a line says so', async () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
  const samples = (count: number) => Array.from({ length: count }, (_, i) => `g{i="${i}"} ${i}`).join('\n');

  expect(await pointsOf(`# TYPE g gauge\n${samples(60_000)}`)).toHaveLength(50_000);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('more than 50000 samples'));
});

test('a cumulative series keeps its start until its value falls', async () => {
  const page = (jobs: number, waits: number) =>
    `# TYPE jobs_total counter\njobs_total ${jobs}\n# TYPE w histogram\nw_bucket{le="+Inf"} ${waits}\n# TYPE g gauge\ng 1`;
  const starts = new StartTimes();
  const read = async (second: number, text: string) =>
    (await parseExposition(text, second * 1_000, starts)).map(
      ({ dataPoints }) => dataPoints[0]?.startTime[0],
    );

  expect(await read(1, page(5, 5))).toEqual([1, 1, 1]);
  expect(await read(2, page(5, 6))).toEqual([1, 1, 2]);
  expect(await read(3, '')).toEqual([]);
  expect(await read(4, page(4, 7))).toEqual([4, 1, 4]);
  expect(await read(5, page(6, 1))).toEqual([4, 5, 5]);
});
