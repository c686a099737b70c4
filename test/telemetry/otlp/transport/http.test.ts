import { expect, test } from 'vitest';
import { retryAfterMs } from '../../../../src/telemetry/otlp/transport/http.js';

test.each([
  ['3', 3_000],
  ['0', 0],
  ['Mon, 23 Nov 2026 10:00:05 GMT', 5_000],
  ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('reads Retry-After: %s', (value, expected) => {
  expect(retryAfterMs(value, Date.parse('2026-11-23T10:00:00Z'))).toBe(expected);
});
