import type { AccessToken } from './access-token.ts';
import { AuthError, type Scheme } from './error.ts';
import type { Nonces } from './nonces.ts';
import { verifyProof } from './proof.ts';
import type { SeenProofs } from './seen-proofs.ts';
import type { VerifiedTokens } from './verified-tokens.ts';

/** Who sends a request, by whichever scheme it was presented. */
export interface Caller extends AccessToken {
  readonly scheme: Scheme;
}

/** What a request shows of its sender. */
export interface Credentials {
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
  readonly method: string;
  /** As the client sees it. */
  readonly url: string;
}

export interface AuthenticateOptions {
  readonly tokens: VerifiedTokens;
  readonly seen: SeenProofs;
  /** Only where proofs need one. */
  readonly nonces: Nonces | undefined;
  /** Whether tokens without a key are refused. */
  readonly requiresProof: boolean;
}

/** Finds out who sends a request. Throws an `AuthError` where nobody vouches for it. */
export async function authenticate(
  { authorization, proof, method, url }: Credentials,
  options: AuthenticateOptions,
): Promise<Caller> {
  const [, name = '', token = ''] = /^(bearer|dpop) +([\w\-.~+/]+=*) *$/i.exec(authorization ?? '') ?? [];
  if (token === '') throw new AuthError('no_credentials', 'the request has no access token');
  const scheme = name.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer';
  const claims = await options.tokens.verify(token, scheme);
  const { thumbprint } = claims;
  if (scheme === 'Bearer') {
    if (thumbprint !== undefined)
      throw new AuthError('invalid_token', 'the token needs a proof of its key', scheme);
    if (options.requiresProof)
      throw new AuthError('invalid_token', 'only tokens that are bound to a key are accepted', scheme);
    return { ...claims, scheme };
  }
  if (thumbprint === undefined) throw new AuthError('invalid_token', 'the token is bound to no key', scheme);
  const { id, nonce } = await verifyProof(proof, { method, url, token, thumbprint });
  if (options.nonces !== undefined && !options.nonces.accepts(nonce))
    throw new AuthError('use_dpop_nonce', 'the proof needs the nonce of this answer', scheme);
  if (!options.seen.isFirst(thumbprint, id))
    throw new AuthError('invalid_dpop_proof', 'the proof was used before', scheme);
  return { ...claims, scheme };
}
