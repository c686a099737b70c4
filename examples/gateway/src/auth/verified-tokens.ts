import { createHash } from 'node:crypto';
import { TTLCache } from '@isaacs/ttlcache';
import { type AccessToken, type AccessTokenOptions, verifyAccessToken } from './access-token.ts';
import type { Scheme } from './error.ts';

const MAX_TOKENS = 10_000;
const MAX_AGE_MS = 60_000;

/**
 * Verifies access tokens, each once a minute: a signature takes nearly as much CPU time as the rest of a request. Hashes are
 * kept, not tokens.
 */
export class VerifiedTokens {
  readonly #options: AccessTokenOptions;
  readonly #verified = new TTLCache<string, AccessToken>({ max: MAX_TOKENS, checkAgeOnGet: true });

  constructor(options: AccessTokenOptions) {
    this.#options = options;
  }

  /** Throws what `verifyAccessToken` throws. */
  async verify(token: string, scheme: Scheme): Promise<AccessToken> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(key);
    if (known !== undefined) return known;
    const verified = await verifyAccessToken(token, scheme, this.#options);
    const leftMs = verified.expiresAt.getTime() - Date.now();
    if (leftMs >= 1) this.#verified.set(key, verified, { ttl: Math.floor(Math.min(leftMs, MAX_AGE_MS)) });
    return verified;
  }

  close(): void {
    this.#verified.clear();
  }
}
