/** Tokens and proofs, as an issuer and a client make them, and as they must not be. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  type JsonWebKeyInput,
  randomUUID,
  sign,
  type webcrypto,
} from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { CLIENTS } from '../issuer/clients.ts';

export interface KeyPair {
  readonly privateKey: webcrypto.CryptoKey;
  /** With the private part. */
  readonly jwk: JWK;
  readonly publicJwk: JWK;
}

export async function newKeyPair(kid?: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const named = kid === undefined ? {} : { kid, use: 'sig', alg: 'ES256' };
  return {
    privateKey,
    jwk: { ...(await exportJWK(privateKey)), ...named },
    publicJwk: { ...(await exportJWK(publicKey)), ...named },
  };
}

export interface Changes {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** An access token that is right but for the changes. */
export async function forgeToken(
  { privateKey, jwk }: KeyPair,
  { issuer, audience, bound }: { issuer: string; audience: string; bound?: KeyPair },
  { header, claims }: Changes = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const confirmation = bound && { cnf: { jkt: await calculateJwkThumbprint(bound.publicJwk) } };
  const payload = {
    iss: issuer,
    aud: audience,
    sub: 'bob',
    client_id: 'bob',
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
    scope: 'orders.read orders.write',
    roles: ['clerk'],
    ...confirmation,
    ...claims,
  };
  return new SignJWT(payload as Record<string, unknown>)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: String(jwk.kid), ...header } as { alg: string })
    .sign(privateKey);
}

/** The token with another header, and whatever signature is given. */
export function resigned(token: string, header: object, sign: (input: string) => string): string {
  const [, payload = ''] = token.split('.');
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`;
  return `${input}.${sign(input)}`;
}

/** Signs as one does with a shared secret. */
export function hmac(secret: string): (input: string) => string {
  return (input) => createHmac('sha256', secret).update(input).digest('base64url');
}

/** Signs as ES256 does, whatever the header says. */
export function es256({ jwk }: KeyPair): (input: string) => string {
  const key = createPrivateKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' });
  return (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

/** A proof that is right but for the changes. */
export async function newProof(
  { privateKey, publicJwk }: KeyPair,
  { method, url, token, nonce }: { method: string; url: string; token?: string; nonce?: string | undefined },
  { header, claims }: Changes = {},
): Promise<string> {
  const payload = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1_000),
    htm: method,
    htu: url,
    ...(token !== undefined && { ath: createHash('sha256').update(token).digest('base64url') }),
    ...(nonce !== undefined && { nonce }),
    ...claims,
  };
  return new SignJWT(payload as Record<string, unknown>)
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicJwk, ...header } as { alg: string })
    .sign(privateKey);
}

/** Asks the issuer of the example for a token, which is bound to the key if there is one. */
export async function requestToken(
  issuer: string,
  client: string,
  { scope, key }: { scope?: string; key?: KeyPair } = {},
): Promise<string> {
  const url = `${issuer}/token`;
  const known = CLIENTS[client];
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client}:${known?.secret}`).toString('base64')}`,
      ...(key !== undefined && { dpop: await newProof(key, { method: 'POST', url }) }),
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: scope ?? known?.scope ?? '' }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`the issuer gave no token to ${client}: ${response.status}`);
  return token;
}
