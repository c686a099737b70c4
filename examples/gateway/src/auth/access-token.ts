import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { Refusal } from '../refusal.ts';
import { AuthError, type Scheme } from './error.ts';

/** What a token says of its holder. */
export interface AccessToken {
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
  readonly roles: readonly string[];
  /** The thumbprint of the key that the token is bound to. */
  readonly thumbprint: string | undefined;
  readonly expiresAt: Date;
}

export interface AccessTokenOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: JWTVerifyGetKey;
}

/** Signatures by key pairs alone: who can check a signature must not be able to make one. */
export const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];
export const CLOCK_TOLERANCE_S = 10;

const WHY: Readonly<Record<string, string>> = {
  [errors.JWTExpired.code]: 'the token has expired',
  [errors.JOSEAlgNotAllowed.code]: 'the token is signed by an algorithm that is not allowed',
  [errors.JWKSNoMatchingKey.code]: 'the token is signed by an unknown key',
  [errors.JWSSignatureVerificationFailed.code]: 'the signature of the token is wrong',
};

/**
 * Checks an access token, and throws an `AuthError` that says what is wrong with it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
export async function verifyAccessToken(
  token: string,
  scheme: Scheme,
  { issuer, audience, keys }: AccessTokenOptions,
): Promise<AccessToken> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      typ: 'at+jwt',
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['iss', 'exp', 'aud', 'sub', 'iat', 'jti', 'client_id'],
    });
    const { sub, client_id, scope, roles, cnf, exp } = payload;
    return {
      subject: String(sub),
      clientId: String(client_id),
      scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []),
      roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
      thumbprint: thumbprintIn(cnf, scheme),
      expiresAt: new Date(Number(exp) * 1_000),
    };
  } catch (error) {
    if (error instanceof Refusal || error instanceof AuthError) throw error;
    const why =
      error instanceof errors.JWTClaimValidationFailed
        ? `the token has a wrong ${error.claim}`
        : (WHY[(error as errors.JOSEError).code] ?? 'the token is malformed');
    throw new AuthError('invalid_token', why, scheme);
  }
}

/** A binding that is not understood must not be taken for none. */
function thumbprintIn(confirmation: unknown, scheme: Scheme): string | undefined {
  if (confirmation === undefined) return undefined;
  const { jkt, ...others } = Object(confirmation) as Record<string, unknown>;
  if (typeof jkt === 'string' && Object.keys(others).length === 0) return jkt;
  throw new AuthError('invalid_token', 'the token is bound in a way that is not supported', scheme);
}
