import { expect, test } from 'vitest';
import { isForPeople, isLoopback } from '../../../src/telemetry/live/audience.js';

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['', false],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['localhost.example.com', false],
])('"%s" is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});

test.each([
  ['localhost', undefined, true],
  ['localhost', false, false],
  ['', undefined, false],
  ['', true, true],
] as const)('at "%s" with metrics.page %s there is a page: %s', (host, chosen, page) => {
  expect(isForPeople(host, chosen)).toBe(page);
});
