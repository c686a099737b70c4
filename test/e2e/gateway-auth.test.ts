/**
 * Whose requests the gateway takes: the tokens of a real issuer, and every way in which one can be wrong. By the gateway alone
 * and under Redhook, whose answers are the same.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9068 (access tokens)
 * @see https://www.rfc-editor.org/rfc/rfc9449 (DPoP)
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Changes,
  es256,
  forgeToken,
  hmac,
  type KeyPair,
  newKeyPair,
  newProof,
  requestToken,
  resigned,
} from '../../examples/gateway/conformance/tokens.ts';
import type { App } from '../support/app.js';
import { type Answer, buildImage, type Gateways, send, startGateways } from '../support/gateway.js';
import {
  AUDIENCE,
  guardedConfig,
  type Issuer,
  ORIGIN,
  startGuardedGateway,
  startIssuer,
  startOrders,
} from '../support/guarded-gateway.js';

const PATH = '/v1/orders/1';
const URL_OF_ORDER = `${ORIGIN}${PATH}`;

let issuer: Issuer;
let orders: App;
let gateways: Gateways;
let strict: App;
let other: KeyPair;
let key: KeyPair;
beforeAll(async () => {
  const image = buildImage();
  [issuer, orders, other, key] = await Promise.all([
    startIssuer(),
    startOrders(image),
    newKeyPair(),
    newKeyPair(),
  ]);
  gateways = await startGateways(image, orders.url, { args: ['--config', guardedConfig(issuer.url)] });
  strict = await startGuardedGateway(image, orders.url, issuer.url, {
    auth: { dpop: { nonce: true, required: true } },
  });
  const headers = await bearer();
  const body = JSON.stringify({ customer: 'ada' });
  expect((await send(gateways.bare.url, 'POST', '/v1/orders', { headers, body })).status).toBe(200);
}, 90_000);
afterAll(() => Promise.all([gateways, strict, orders, issuer].map((each) => each?.stop())));

type Headers = Record<string, string>;

const bearer = async (token?: string): Promise<Headers> => ({
  authorization: `Bearer ${token ?? (await requestToken(issuer.url, 'bob'))}`,
});
const forged = (changes?: Changes, by = issuer.key, bound?: KeyPair) =>
  forgeToken(by, { issuer: issuer.url, audience: AUDIENCE, ...(bound && { bound }) }, changes);
const badBearer = (changes: Changes) => async () => bearer(await forged(changes));

/** A bound token of the issuer with a proof that is right but for the changes. */
async function dpop(
  changes?: Changes,
  { by = key, token, nonce }: { by?: KeyPair; token?: string; nonce?: string } = {},
): Promise<Headers> {
  const bound = token ?? (await requestToken(issuer.url, 'kim', { key }));
  const proof = await newProof(by, { method: 'GET', url: URL_OF_ORDER, token: bound, nonce }, changes);
  return { authorization: `DPoP ${bound}`, dpop: proof };
}
const badProof = (changes: Changes) => () => dpop(changes);

const now = () => Math.floor(Date.now() / 1_000);
const ask = (headers: Headers, path = PATH) => gateways.ask('GET', path, { headers });
const askStrict = (headers: Headers) => send(strict.url, 'GET', PATH, { headers });

const ACCEPTED: Record<string, () => Promise<Headers>> = {
  'a Bearer token of the issuer': () => bearer(),
  'the scheme in another case': async () => ({
    authorization: (await bearer())['authorization']?.replace('B', 'b') ?? '',
  }),
  'a token with its media type in full': badBearer({ header: { typ: 'application/at+jwt' } }),
  'one of several audiences': badBearer({ claims: { aud: ['https://other.example', AUDIENCE] } }),
  'a clock that goes a little after ours': badBearer({ claims: { nbf: now() + 5 } }),
  'a DPoP token of the issuer': () => dpop(),
  'a proof whose URL has a query': badProof({ claims: { htu: `${URL_OF_ORDER}?a=b#c` } }),
  'a proof whose URL has another case and the port': badProof({
    claims: { htu: 'HTTPS://API.example:443/v1/orders/1' },
  }),
};

test.each(Object.entries(ACCEPTED))('takes %s', async (_, headers) => {
  const { status, body } = await ask(await headers());
  expect([status, JSON.parse(body.toString()).id]).toEqual([200, '1']);
});

const REFUSED: Record<string, [error: string, headers: () => Promise<Headers>]> = {
  'no token': ['', async () => ({})],
  Basic: ['', async () => ({ authorization: 'Basic YTpi' })],
  'a scheme alone': ['', async () => ({ authorization: 'Bearer' })],
  'two tokens': ['', async () => ({ authorization: 'Bearer a b' })],
  'what is no JWT': ['invalid_token', () => bearer('abc')],
  'an expired token': ['invalid_token', badBearer({ claims: { exp: now() - 60 } })],
  'a token that is not yet valid': ['invalid_token', badBearer({ claims: { nbf: now() + 60 } })],
  'another audience': ['invalid_token', badBearer({ claims: { aud: 'https://other.example' } })],
  'another issuer': ['invalid_token', badBearer({ claims: { iss: 'https://other.example' } })],
  'the algorithm none': [
    'invalid_token',
    async () => bearer(resigned(await forged(), { alg: 'none', typ: 'at+jwt' }, () => '')),
  ],
  'HS256 with the public key as the secret': [
    'invalid_token',
    async () => {
      const header = { alg: 'HS256', typ: 'at+jwt', kid: 'first' };
      return bearer(resigned(await forged(), header, hmac(JSON.stringify(issuer.key.publicJwk))));
    },
  ],
  'another key under the same name': [
    'invalid_token',
    async () => bearer(await forged({ header: { kid: 'first' } }, other)),
  ],
  'an unknown key': ['invalid_token', badBearer({ header: { kid: 'unknown' } })],
  'a key that the token brings along': [
    'invalid_token',
    async () => bearer(await forged({ header: { kid: undefined, jwk: other.publicJwk } }, other)),
  ],
  'changed claims': [
    'invalid_token',
    async () => {
      const [header, , signature] = (await forged()).split('.');
      const [, payload] = (await forged({ claims: { roles: ['admin'] } })).split('.');
      return bearer(`${header}.${payload}.${signature}`);
    },
  ],
  'the type JWT, such as that of an ID token': ['invalid_token', badBearer({ header: { typ: 'JWT' } })],
  'no type': ['invalid_token', badBearer({ header: { typ: undefined } })],
  'an extension that must be understood': [
    'invalid_token',
    async () => {
      const header = { alg: 'ES256', typ: 'at+jwt', kid: 'first', crit: ['new'], new: true };
      return bearer(resigned(await forged(), header, es256(issuer.key)));
    },
  ],
  ...Object.fromEntries(
    ['iss', 'exp', 'aud', 'sub', 'iat', 'jti', 'client_id'].map((claim) => [
      `no ${claim}`,
      ['invalid_token', badBearer({ claims: { [claim]: undefined } })],
    ]),
  ),
  'a bound token as Bearer': [
    'invalid_token',
    async () => bearer(await requestToken(issuer.url, 'kim', { key })),
  ],
  'a bound token as Bearer, with its proof': [
    'invalid_token',
    async () => {
      const { authorization, ...proof } = await dpop();
      return { authorization: authorization?.replace('DPoP', 'Bearer') ?? '', ...proof };
    },
  ],
  'a token that is bound by a certificate': [
    'invalid_token',
    badBearer({ claims: { cnf: { 'x5t#S256': 'abc' } } }),
  ],
  'an unbound token as DPoP': [
    'invalid_token',
    async () => dpop(undefined, { token: await requestToken(issuer.url, 'bob') }),
  ],
  'no proof': [
    'invalid_dpop_proof',
    async () => {
      const { authorization = '' } = await dpop();
      return { authorization };
    },
  ],
  'two proofs': [
    'invalid_dpop_proof',
    async () => {
      const headers = await dpop();
      return { ...headers, dpop: `${headers['dpop']}, ${headers['dpop']}` };
    },
  ],
  'a proof by another key': ['invalid_dpop_proof', () => dpop(undefined, { by: other })],
  'a proof that says it is by another key': [
    'invalid_dpop_proof',
    badProof({ header: { jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } } }),
  ],
  'a proof for another method': ['invalid_dpop_proof', badProof({ claims: { htm: 'POST' } })],
  'a proof for another path': ['invalid_dpop_proof', badProof({ claims: { htu: `${ORIGIN}/v1/orders/2` } })],
  'a proof for another host': [
    'invalid_dpop_proof',
    badProof({ claims: { htu: `https://evil.example${PATH}` } }),
  ],
  'a proof for another token': ['invalid_dpop_proof', badProof({ claims: { ath: 'abc' } })],
  'an old proof': ['invalid_dpop_proof', badProof({ claims: { iat: now() - 400 } })],
  'a proof from the future': ['invalid_dpop_proof', badProof({ claims: { iat: now() + 60 } })],
  'a proof of another type': ['invalid_dpop_proof', badProof({ header: { typ: 'JWT' } })],
  'a proof without a type': ['invalid_dpop_proof', badProof({ header: { typ: undefined } })],
  'a proof with the private key in it': [
    'invalid_dpop_proof',
    badProof({
      header: {
        get jwk() {
          return key.jwk;
        },
      },
    }),
  ],
  ...Object.fromEntries(
    ['jti', 'iat', 'htm', 'htu', 'ath'].map((claim) => [
      `a proof without ${claim}`,
      ['invalid_dpop_proof', badProof({ claims: { [claim]: undefined } })],
    ]),
  ),
};

test.each(Object.entries(REFUSED))('refuses %s', async (_, [error, headers]) => {
  expectChallenge(await ask(await headers()), error);
});

test('refuses a proof that was used before', async () => {
  const headers = await dpop();
  expect((await ask(headers)).status).toBe(200);
  expectChallenge(await ask(headers), 'invalid_dpop_proof');
});

test('gives a nonce, and takes proofs with it alone', async () => {
  const first = await askStrict(await dpop());
  expectChallenge(first, 'use_dpop_nonce');
  const nonce = String(first.headers['dpop-nonce']);
  const second = await askStrict(await dpop(undefined, { nonce }));
  expect([second.status, second.headers['dpop-nonce']]).toEqual([200, expect.any(String)]);
  expectChallenge(await askStrict(await dpop(undefined, { nonce: 'abc' })), 'use_dpop_nonce');
});

test('refuses Bearer tokens where they must be bound', async () => {
  expectChallenge(await askStrict(await bearer()), 'invalid_token');
});

test('asks for a token before it reads a body, and before it says whether there is such an order', async () => {
  const tooLarge = Buffer.alloc(5 * 1024 * 1024);
  expect((await gateways.ask('POST', '/v1/orders', { body: tooLarge })).status).toBe(401);
  expect((await ask({}, '/v1/orders/no-such-order')).status).toBe(401);
});

test('tokens are not asked for by descriptions and by paths that are not there', async () => {
  expect((await ask({}, '/v1/openapi.json')).status).toBe(200);
  expect((await ask({}, '/nowhere')).status).toBe(404);
});

/** 401 with a challenge for each scheme, of which one tells the error. */
function expectChallenge({ status, headers, body }: Answer, error: string): void {
  const challenge = String(headers['www-authenticate']);
  expect(status).toBe(401);
  expect(challenge).toMatch(/^Bearer\b.*, DPoP algs="ES256 [\w ]+"/);
  expect([/error="(\w+)"/.exec(challenge)?.[1] ?? '', challenge.match(/error=/g)?.length ?? 0]).toEqual([
    error,
    error === '' ? 0 : 1,
  ]);
  expect(JSON.parse(body.toString())).toEqual({ code: 16, message: expect.any(String) });
}
