import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from 'jose';
import { ALGORITHMS, CLOCK_TOLERANCE_S } from './access-token.ts';
import { AuthError } from './error.ts';

/** What a proof must be for. */
export interface ProofTarget {
  readonly method: string;
  /** As the client sees it. */
  readonly url: string;
  readonly token: string;
  /** Of the key that the token is bound to. */
  readonly thumbprint: string;
}

/** What remains to be checked by memory: whether it is the first of its kind. */
export interface Proof {
  readonly id: string;
  readonly nonce: string | undefined;
}

const MAX_AGE_S = 300;
/** For how long a proof can be valid: its clock may go before ours, and after it. */
export const PROOF_LIFETIME_MS = (MAX_AGE_S + 2 * CLOCK_TOLERANCE_S) * 1_000;

/**
 * Checks the proof that the sender of a token has its key, and throws an `AuthError` that says what is wrong with it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.3
 */
export async function verifyProof(proof: string | undefined, target: ProofTarget): Promise<Proof> {
  if (proof === undefined) throw wrong('there is no proof');
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_S,
    maxTokenAge: MAX_AGE_S,
    requiredClaims: ['jti', 'iat', 'htm', 'htu', 'ath'],
  }).catch(() => {
    // Whatever is thrown: the key is the client's too.
    throw wrong('the proof is malformed, too old or not signed by its key');
  });
  const { jti, htm, htu, ath, nonce } = payload;
  if (htm !== target.method) throw wrong('the proof is for another method');
  if (typeof htu !== 'string' || placeOf(htu) !== placeOf(target.url))
    throw wrong('the proof is for another URL');
  if (ath !== createHash('sha256').update(target.token).digest('base64url'))
    throw wrong('the proof is for another token');
  if ((await calculateJwkThumbprint(protectedHeader.jwk as JWK)) !== target.thumbprint)
    throw wrong('the proof is by another key than that of the token');
  if (typeof jti !== 'string') throw wrong('the proof has no jti');
  return { id: jti, nonce: typeof nonce === 'string' ? nonce : undefined };
}

function wrong(why: string): AuthError {
  return new AuthError('invalid_dpop_proof', why, 'DPoP');
}

/** A URL without query and fragment. */
function placeOf(url: string): string | undefined {
  const parsed = URL.parse(url);
  return parsed === null ? undefined : `${parsed.origin}${parsed.pathname}`;
}
