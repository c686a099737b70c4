import { expect, test } from 'vitest';
import { trustedHosts } from '../../src/calls/trusted-hosts.js';

test('without a limit nothing is checked', () => {
  expect(trustedHosts(['*'])).toBeUndefined();
  expect(trustedHosts(['orders', '*'])).toBeUndefined();
});

test.each([
  ['orders', true],
  ['ORDERS', true],
  ['orders.evil.example', false],
  ['a.internal.example', true],
  ['a.b.Internal.example', true],
  ['internal.example', false],
  ['notinternal.example', false],
  ['', false],
])('the host %s', (host, isTrusted) => {
  expect(trustedHosts(['Orders', '*.internal.example'])?.(host)).toBe(isTrusted);
});

test('a list of none trusts no host', () => expect(trustedHosts([])?.('orders')).toBe(false));

test('what goes to no host stays inside the application', () => {
  expect(trustedHosts([])?.(undefined)).toBe(true);
});
