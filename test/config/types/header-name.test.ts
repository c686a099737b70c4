import { expect, test } from 'vitest';
import { headerName } from '../../../src/config/types/header-name.js';

function read(text: string): { value: string | undefined; reported: number } {
  let reported = 0;
  const node = { kind: 'scalar', text, value: text, where: 'here' } as Parameters<typeof headerName.read>[0];
  const value = headerName.read(node, () => {
    reported += 1;
  });
  return { value, reported };
}

test.each(['X-Request-Id', 'content-type', 'x-tenant', 'keep-alive'])('%s may be shown', (name) => {
  expect(read(name)).toEqual({ value: name.toLowerCase(), reported: 0 });
});

test.each([
  'Authorization',
  'proxy-authorization',
  'cookie',
  'Set-Cookie',
  'X-API-Key',
  'apikey',
  'x-auth-token',
  'x-hub-signature',
  'x-client-secret',
  'not a name',
])('%s is refused, and reported', (name) => {
  expect(read(name)).toEqual({ value: undefined, reported: 1 });
});
