import { createHash } from 'node:crypto';
import { TTLCache } from '@isaacs/ttlcache';
import { PROOF_LIFETIME_MS } from './proof.ts';

const MAX_PROOFS = 100_000;

/**
 * Remembers proofs, each for as long as it could be valid, in this process alone. When there are too many, it forgets the
 * oldest: a nonce, which makes proofs die sooner, is the means against who counts on that.
 */
export class SeenProofs {
  readonly #seen: TTLCache<string, true>;

  constructor(max = MAX_PROOFS) {
    this.#seen = new TTLCache({ max, ttl: PROOF_LIFETIME_MS, checkAgeOnHas: true });
  }

  get size(): number {
    return this.#seen.size;
  }

  /** Whether a proof by this key is the first with its id. The client chooses the id, so its hash is kept: it has one size. */
  isFirst(thumbprint: string, id: string): boolean {
    const key = createHash('sha256').update(`${thumbprint} ${id}`).digest('base64');
    if (this.#seen.has(key)) return false;
    this.#seen.set(key, true);
    return true;
  }

  close(): void {
    this.#seen.clear();
  }
}
