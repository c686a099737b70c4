import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../../examples/gateway/src/config.ts';

function fileOf(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'redhook-gateway-')), 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

test('every limit has a default', () => {
  const { limits } = readConfig(undefined);
  expect(Object.values(limits).every((limit) => limit > 0)).toBe(true);
  expect(readConfig(fileOf(''))).toEqual(readConfig(undefined));
});

test('a file changes what it names', () => {
  const { limits, unready_ms } = readConfig(fileOf('{ unready_ms: 5, limits: { body_bytes: 10 } }'));
  expect([unready_ms, limits.body_bytes]).toEqual([5, 10]);
  expect(limits.message_bytes).toBe(readConfig(undefined).limits.message_bytes);
});

test.each([
  ['limits: { body_bytes: 0 }', 'limits.body_bytes'],
  ['limits: { header_bytes: many }', 'limits.header_bytes'],
  ['limits: { nope: 1 }', '"nope"'],
  ['drain_ms: -1', 'drain_ms'],
  ['versions: { v1: { sunset: soon } }', 'versions.v1.sunset'],
])('%s is refused, with its place', (text, place) => {
  expect(() => readConfig(fileOf(text))).toThrow(place);
});

const AUTH = {
  issuer: 'https://issuer.example',
  jwks_uri: 'https://issuer.example/jwks',
  audience: 'https://orders.example',
  origin: 'https://api.example',
  policy: 'policy.yaml',
};

const authOf = (changes: object) => fileOf(JSON.stringify({ auth: { ...AUTH, ...changes } }));

test('the policy is looked for beside the file', () => {
  const file = authOf({});
  expect(readConfig(file).auth).toMatchObject({
    policy: join(file, '../policy.yaml'),
    dpop: { required: false, nonce: false },
    audit: true,
  });
});

test.each(['http://localhost:4000', 'http://127.0.0.1', 'http://[::1]:4000/jwks', 'HTTP://LOCALHOST'])(
  'keys may come from %s without TLS',
  (uri) => {
    expect(() => readConfig(authOf({ jwks_uri: uri }))).not.toThrow();
  },
);

test.each([
  [{ jwks_uri: 'http://issuer.example/jwks' }, 'auth.jwks_uri'],
  [{ jwks_uri: 'http://localhost.example/jwks' }, 'auth.jwks_uri'],
  [{ jwks_uri: 'http://127.0.0.1@issuer.example/jwks' }, 'auth.jwks_uri'],
  [{ issuer: 'issuer' }, 'auth.issuer'],
  [{ issuer: 'file:///keys' }, 'auth.issuer'],
  [{ origin: 'https://api.example/v1' }, 'auth.origin'],
  [{ audience: '' }, 'auth.audience'],
  [{ policy: undefined }, 'auth.policy'],
])('%j is refused, with its place', (changes, place) => {
  expect(() => readConfig(authOf(changes))).toThrow(place);
});
