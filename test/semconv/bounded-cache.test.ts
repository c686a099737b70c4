import { expect, test } from 'vitest';
import { BoundedCache } from '../../src/semconv/bounded-cache.js';

test('what is used stays, what is not used goes', () => {
  const cache = new BoundedCache<number>(10);
  cache.set('used', 1);
  cache.set('unused', 2);
  for (let i = 0; i < 100; i += 1) {
    cache.set(`other ${i}`, i);
    expect(cache.get('used')).toBe(1);
  }

  expect(cache.get('unused')).toBeUndefined();
  expect(cache.get('other 99')).toBe(99);
});
