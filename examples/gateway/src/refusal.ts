import type { Reason } from './auth/error.ts';
import { GatewayError } from './status.ts';

/** Why a request does not reach the backend, as the audit and the metrics have it. */
export type Why = Reason | 'no_keys' | 'no_rule' | 'insufficient_scope' | 'no_role' | 'open_circuit';

/** A request that does not reach the backend, with the headers that tell the client what to do about it. */
export class Refusal extends GatewayError {
  readonly why: Why;
  readonly headers: Readonly<Record<string, string | string[]>>;

  constructor(code: number, why: Why, message: string, headers: Refusal['headers'] = {}) {
    super(code, message);
    this.why = why;
    this.headers = headers;
  }
}
