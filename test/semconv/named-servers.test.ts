import { expect, test } from 'vitest';
import { mayBeLabel } from '../../src/semconv/named-servers.js';

test('the number and the length of the names are bounded', () => {
  const hosts = Array.from({ length: 500 }, (_, i) => `${i}.example:80`);

  expect(mayBeLabel('a'.repeat(4_096))).toBe(false);
  expect(hosts.filter(mayBeLabel)).toEqual(hosts.slice(0, 100));
  expect(hosts.filter(mayBeLabel)).toEqual(hosts.slice(0, 100));
});
