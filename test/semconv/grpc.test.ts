import { expect, test } from 'vitest';
import { methodOf, statusName, timeoutOf } from '../../src/semconv/grpc.js';

test.each([
  [0, 'OK'],
  ['16', 'UNAUTHENTICATED'],
  [17, 'UNKNOWN'],
  ['nonsense', 'UNKNOWN'],
  [undefined, 'UNKNOWN'],
])('status %j is %s', (code, name) => {
  expect(statusName(code)).toBe(name);
});

test('the method is the path without its slash', () => {
  expect(methodOf('/shop.Orders/Get')).toBe('shop.Orders/Get');
  expect(methodOf('no-slash')).toBe('no-slash');
});

test.each([
  ['2H', 7200],
  ['3M', 180],
  ['4S', 4],
  ['100m', 0.1],
  ['123456789S', undefined],
  ['soon', undefined],
  [undefined, undefined],
])('a timeout of %j is %j s', (header, seconds) => {
  expect(timeoutOf(header)).toBe(seconds);
});
