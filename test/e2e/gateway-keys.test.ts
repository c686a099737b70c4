/** The keys of a real issuer, which change, and an issuer that does not answer. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { forgeToken, requestToken } from '../../examples/gateway/conformance/tokens.ts';
import { verifyAccessToken } from '../../examples/gateway/src/auth/access-token.ts';
import { openKeys } from '../../examples/gateway/src/auth/keys.ts';
import { Refusal } from '../../examples/gateway/src/refusal.ts';
import { freePort } from '../support/app.js';
import { AUDIENCE, startIssuer } from '../support/guarded-gateway.js';

const COOLDOWN_MS = 500;
const MINUTE_MS = 60_000;

afterEach(() => void vi.useRealTimers());

/** The clock is so much later from now on. */
function skip(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
}

test('a new key is found when a token names it', async () => {
  const port = await freePort();
  const first = await startIssuer('first', port);
  const keys = openKeys(`${first.url}/jwks`, COOLDOWN_MS);
  const verify = (token: string) =>
    verifyAccessToken(token, 'Bearer', { issuer: first.url, audience: AUDIENCE, keys });
  const old = await requestToken(first.url, 'bob');
  expect(await verify(old)).toMatchObject({ subject: 'bob', roles: ['clerk'] });
  await first.stop();

  const second = await startIssuer('second', port);
  onTestFinished(() => second.stop());
  const token = await requestToken(second.url, 'ada');
  await delay(COOLDOWN_MS);
  expect(await verify(token)).toMatchObject({ subject: 'ada', roles: ['admin'] });
  await expect(verify(old)).rejects.toThrow('the token is signed by an unknown key');
});

test('the last keys are good for an hour while the issuer is away', async () => {
  const issuer = await startIssuer();
  const keys = openKeys(`${issuer.url}/jwks`);
  const { url, key } = issuer;
  const verify = async () => {
    const token = await forgeToken(key, { issuer: url, audience: AUDIENCE });
    return verifyAccessToken(token, 'Bearer', { issuer: url, audience: AUDIENCE, keys });
  };
  await verify();
  await issuer.stop();
  for (let minutes = 0; minutes < 60; minutes += 12) {
    expect(await verify()).toMatchObject({ subject: 'bob' });
    skip(12 * MINUTE_MS);
  }
  await expect(verify()).rejects.toThrow('the keys of the issuer cannot be read');
});

test('while there are no keys at all, that is not the fault of the token', async () => {
  const port = await freePort();
  const keys = openKeys(`http://127.0.0.1:${port}/jwks`);
  const issuer = await startIssuer('first');
  onTestFinished(() => issuer.stop());
  const token = await requestToken(issuer.url, 'bob');
  const refusal = verifyAccessToken(token, 'Bearer', { issuer: issuer.url, audience: AUDIENCE, keys });
  const error = await refusal.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Refusal);
  expect(error).toMatchObject({ code: 14, why: 'no_keys' });
});
