import { createHmac, randomBytes } from 'node:crypto';

const LIFETIME_MS = 60_000;

/**
 * The nonces that proofs must have: each is the hash of a minute, so that nothing has to be remembered. A nonce is good in its
 * minute and in the next, and in this process alone.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-9
 */
export class Nonces {
  readonly #secret = randomBytes(32);

  current(): string {
    return this.#at(Date.now());
  }

  accepts(nonce: string | undefined): boolean {
    const now = Date.now();
    return nonce === this.#at(now) || nonce === this.#at(now - LIFETIME_MS);
  }

  #at(time: number): string {
    const minute = String(Math.floor(time / LIFETIME_MS));
    return createHmac('sha256', this.#secret).update(minute).digest('base64url');
  }
}
