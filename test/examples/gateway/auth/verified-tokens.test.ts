import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { forgeToken, type KeyPair, newKeyPair } from '../../../../examples/gateway/conformance/tokens.ts';
import { VerifiedTokens } from '../../../../examples/gateway/src/auth/verified-tokens.ts';

// Before the cache looks for its clock.
vi.hoisted(() => vi.useFakeTimers());
afterAll(() => void vi.useRealTimers());

const FOR = { issuer: 'https://issuer.example', audience: 'https://orders.example' };

let pair: KeyPair;
let tokens: VerifiedTokens;
let verified = 0;
beforeAll(async () => {
  pair = await newKeyPair('first');
});
beforeEach(() => {
  verified = 0;
  const keys = async () => {
    verified += 1;
    return pair.publicJwk;
  };
  tokens = new VerifiedTokens({ ...FOR, keys });
});

const now = () => Math.floor(Date.now() / 1_000);

test('a token is verified once a minute', async () => {
  const token = await forgeToken(pair, FOR);
  const first = await tokens.verify(token, 'Bearer');
  expect([await tokens.verify(token, 'Bearer'), verified]).toEqual([first, 1]);
  vi.advanceTimersByTime(61_000);
  await tokens.verify(token, 'Bearer');
  expect(verified).toBe(2);
});

test('a token is not good for longer than it says', async () => {
  const token = await forgeToken(pair, FOR, { claims: { exp: now() + 20 } });
  await tokens.verify(token, 'Bearer');
  vi.advanceTimersByTime(31_000);
  await expect(tokens.verify(token, 'Bearer')).rejects.toThrow('the token has expired');
});

test('a token that is refused is verified each time', async () => {
  const token = await forgeToken(pair, FOR, { claims: { aud: 'https://other.example' } });
  for (let i = 1; i <= 2; i += 1) {
    await expect(tokens.verify(token, 'Bearer')).rejects.toThrow('the token has a wrong aud');
    expect(verified).toBe(i);
  }
});

test('another token with the same signature is another token', async () => {
  const token = await forgeToken(pair, FOR);
  await tokens.verify(token, 'Bearer');
  const [header, , signature] = token.split('.');
  const [, claims] = (await forgeToken(pair, FOR, { claims: { roles: ['admin'] } })).split('.');
  await expect(tokens.verify(`${header}.${claims}.${signature}`, 'Bearer')).rejects.toThrow('signature');
});
