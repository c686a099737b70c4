import { expect, test } from 'vitest';
import { countPoints, sliceMetrics } from '../../../../src/telemetry/otlp/encoding/slice-metrics.js';
import { startSdk } from '../../../support/sdk-metrics.js';

/** Ten points: four and one in one scope, five in another. */
async function scopes() {
  const { provider, read } = startSdk();
  const [a, b] = ['a', 'b'].map((name) => provider.getMeter(name));
  const counters = [a?.createCounter('first'), a?.createCounter('second'), b?.createCounter('third')];
  [4, 1, 5].forEach((count, i) => {
    for (let n = 0; n < count; n += 1) counters[i]?.add(1, { n });
  });
  return (await read()).scopeMetrics;
}

test('counts the points of all metrics', async () => {
  expect(countPoints(await scopes())).toBe(10);
  expect(countPoints([])).toBe(0);
});

test.each([
  [
    0,
    100,
    [
      'first 0',
      'first 1',
      'first 2',
      'first 3',
      'second 0',
      'third 0',
      'third 1',
      'third 2',
      'third 3',
      'third 4',
    ],
  ],
  [0, 2, ['first 0', 'first 1']],
  [3, 3, ['first 3', 'second 0', 'third 0']],
  [9, 3, ['third 4']],
  [10, 3, []],
])('from %i, %i points at most', async (start, count, expected) => {
  const slice = sliceMetrics(await scopes(), start, count);
  const points = slice.flatMap(({ metrics }) =>
    metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes }) => `${descriptor.name} ${attributes['n']}`),
    ),
  );
  expect(points).toEqual(expected);
  expect(slice.every(({ metrics }) => metrics.length > 0)).toBe(true);
});
