import { status } from '@grpc/grpc-js';
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import { Refusal } from '../refusal.ts';

/** For how long the last keys are good when the issuer does not answer. */
const MAX_STALE_MS = 60 * 60 * 1_000;

/**
 * The public keys of an issuer. They are read when the first token comes, again every ten minutes, and when a token names a
 * key that is not among them, but not more often than `cooldownMs`. Throws a `Refusal` while there are none: that is not
 * the fault of the token.
 */
export function openKeys(uri: string, cooldownMs = 30_000): JWTVerifyGetKey {
  let last: { readonly body: string; readonly readAt: number } | undefined;
  return createRemoteJWKSet(new URL(uri), {
    cooldownDuration: cooldownMs,
    [customFetch]: async (url, options) => {
      try {
        const response = await fetch(url, options);
        const body = await response.text();
        if (response.ok && isKeySet(JSON.parse(body))) last = { body, readAt: Date.now() };
      } catch {
        // The issuer does not answer as it should; the keys that are known may do.
      }
      if (last === undefined || Date.now() - last.readAt > MAX_STALE_MS)
        throw new Refusal(status.UNAVAILABLE, 'no_keys', 'the keys of the issuer cannot be read');
      return new Response(last.body);
    },
  });
}

function isKeySet(value: unknown): boolean {
  return Array.isArray((value as { keys?: unknown } | null)?.keys);
}
