import { expect, test } from 'vitest';
import { KnownMethods } from '../../src/semconv/grpc-methods.js';

test('a method is known by its path once it was added', () => {
  const methods = new KnownMethods();

  methods.add('/shop.Orders/Get');

  expect(methods.get('/shop.Orders/Get')).toBe('shop.Orders/Get');
  expect(methods.get('/shop.Orders/List')).toBeUndefined();
});

test('the number and the length of the names are bounded', () => {
  const methods = new KnownMethods();
  const paths = Array.from({ length: 500 }, (_, i) => `/made.Up/${i}`);

  for (const path of [`/${'a'.repeat(4_096)}`, ...paths]) methods.add(path);

  expect(paths.filter((path) => methods.get(path) !== undefined)).toEqual(paths.slice(0, 100));
  expect(methods.get(`/${'a'.repeat(4_096)}`)).toBeUndefined();
});
