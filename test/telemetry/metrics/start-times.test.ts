import { expect, test } from 'vitest';
import { StartTimes } from '../../../src/telemetry/metrics/start-times.js';

test('a series that is on no page any more is forgotten, and a failed page forgets nothing', () => {
  const starts = new StartTimes();
  const read = (second: number, ...series: string[]) => {
    const found = series.map((each) => starts.of(each, 1, [second, 0])[0]);
    starts.endPage();
    return found;
  };

  expect(read(1, 'a', 'b')).toEqual([1, 1]);
  expect(read(2)).toEqual([]);
  expect(read(3, 'a')).toEqual([1]);
  expect(read(4, 'a', 'b')).toEqual([1, 4]);
});
