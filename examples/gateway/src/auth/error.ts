/** What a request may present itself with. */
export type Scheme = 'Bearer' | 'DPoP';

/**
 * Why a request has no caller. All but `no_credentials` are the error codes of the challenge.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-7.1
 */
export type Reason = 'no_credentials' | 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce';

/** A request that nobody vouches for. Its message is for the client: it has neither quotes nor backslashes. */
export class AuthError extends Error {
  readonly reason: Reason;
  readonly scheme: Scheme | undefined;

  constructor(reason: Reason, message: string, scheme?: Scheme) {
    super(message);
    this.reason = reason;
    this.scheme = scheme;
  }
}
