import type { IncomingHttpHeaders } from 'node:http';
import { expect, test } from 'vitest';
import { forwarded } from '../../src/semconv/forwarded.js';

test.each<[IncomingHttpHeaders, unknown[]]>([
  [{}, [undefined, undefined, undefined]],
  [
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'a', 'x-forwarded-for': '192.0.2.1' },
    ['https', 'a', '192.0.2.1'],
  ],
  [
    {
      'x-forwarded-proto': 'https,http',
      'x-forwarded-host': ' a , b',
      'x-forwarded-for': '192.0.2.1, 10.0.0.1',
    },
    ['https', 'a', '192.0.2.1'],
  ],
  [{ forwarded: 'for=192.0.2.1;proto=https;host=a' }, ['https', 'a', '192.0.2.1']],
  [{ forwarded: 'For=192.0.2.1, for=10.0.0.1;proto=http' }, [undefined, undefined, '192.0.2.1']],
  [
    { forwarded: 'proto="https" ; for="[2001:db8::1]:47;11,x"' },
    ['https', undefined, '[2001:db8::1]:47;11,x'],
  ],
  [
    { forwarded: 'for=192.0.2.1', 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.2' },
    ['https', undefined, '192.0.2.1'],
  ],
  [{ forwarded: ';=,proto=https', 'x-forwarded-proto': ' ,' }, [undefined, undefined, undefined]],
  [{ forwarded: 'for="192.0.2.1;proto=https' }, [undefined, undefined, '"192.0.2.1;proto=https']],
])('%j', (headers, values) =>
  expect([forwarded(headers, 'proto'), forwarded(headers, 'host'), forwarded(headers, 'for')]).toEqual(
    values,
  ),
);

test('a hostile header is read in linear time', () => {
  const startedAt = performance.now();

  expect(forwarded({ forwarded: ';a'.repeat(1_000_000) }, 'proto')).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
