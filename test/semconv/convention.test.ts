import { expect, test } from 'vitest';
import { instrumentations } from '../../src/instrumentations/index.js';

const conventions = [...new Set(instrumentations.flatMap(({ conventions }) => conventions))];

test.each(conventions)(
  '$histogram has labels for the operation, the error and the status, if there is one',
  (convention) => {
    const { labels, placeholders, operation, code, boundaries } = convention;

    expect(Object.keys(placeholders)).toEqual(labels);
    expect(labels).toEqual(expect.arrayContaining([operation, 'error.type']));
    if (code !== undefined) expect(labels).toContain(code);
    expect(boundaries).toEqual([...boundaries].sort((a, b) => a - b));
  },
);

test('no two conventions share a histogram', () => {
  expect(new Set(conventions.map(({ histogram }) => histogram)).size).toBe(conventions.length);
});
