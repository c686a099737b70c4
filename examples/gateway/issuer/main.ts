// The issuer of the example: a real OAuth server that gives tokens to the clients of clients.ts. Nothing here refers to Redhook.
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { type Configuration, Provider } from 'oidc-provider';
import { CLIENTS } from './clients.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4000' },
    audience: { type: 'string', default: 'https://orders.example' },
    /** A file with private keys, as a JWK set. */
    keys: { type: 'string' },
  },
});
const issuer = `http://127.0.0.1:${values.port}`;
const resource = {
  scope: 'orders.read orders.write',
  audience: values.audience,
  accessTokenFormat: 'jwt',
  accessTokenTTL: 600,
  jwt: { sign: { alg: 'ES256' } },
} as const;
const configuration: Configuration = {
  jwks: {
    keys: values.keys === undefined ? [await newKey()] : JSON.parse(readFileSync(values.keys, 'utf8')).keys,
  },
  clients: Object.entries(CLIENTS).map(([id, { secret, isBound }]) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: 'ES256',
    dpop_bound_access_tokens: isBound,
  })),
  scopes: resource.scope.split(' '),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => values.audience,
      getResourceServerInfo: () => resource,
      useGrantedResource: () => true,
    },
  },
  extraTokenClaims: (_, token) => ({ roles: CLIENTS[token.clientId ?? '']?.roles ?? [] }),
};
const server = new Provider(issuer, configuration).listen(Number(values.port), '127.0.0.1', () => {
  console.log(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => server.close());

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: 'first', use: 'sig', alg: 'ES256' };
}
