import { ALGORITHMS } from './access-token.ts';
import type { AuthError, Scheme } from './error.ts';

const DPOP = `DPoP algs="${ALGORITHMS.join(' ')}"`;

/**
 * The `WWW-Authenticate` of a request without a caller: both schemes, and what was wrong with the one that was used.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-7.1
 */
export function challenges({ reason, message, scheme }: AuthError): string[] {
  const error = `error="${reason}", error_description="${message}"`;
  return [scheme === 'Bearer' ? `Bearer ${error}` : 'Bearer', scheme === 'DPoP' ? `${DPOP}, ${error}` : DPOP];
}

/** The `WWW-Authenticate` of a caller whose token lacks a scope. */
export function scopeChallenge(scheme: Scheme, scope: string): string {
  const start = scheme === 'DPoP' ? `${DPOP},` : 'Bearer';
  return `${start} error="insufficient_scope", scope="${scope}"`;
}
