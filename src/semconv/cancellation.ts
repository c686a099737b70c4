import { propertyOf } from './property.js';

/** The codes of undici, and of axios and got, which give the request an error of their own. */
const CODES = new Set<unknown>(['UND_ERR_ABORTED', 'ERR_CANCELED']);

/**
 * The error of a client call, or `undefined` if its caller cancelled it on purpose. A timeout of the caller
 * (`AbortSignal.timeout`) also arrives as a cancellation, but it is an error.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status
 */
export function unlessCancelled(error: unknown): unknown {
  if (propertyOf(error, 'name') !== 'AbortError' && !CODES.has(propertyOf(error, 'code'))) return error;
  // The error of axios has no cause, but the configuration of the request.
  const reason =
    propertyOf(error, 'cause') ?? propertyOf(propertyOf(propertyOf(error, 'config'), 'signal'), 'reason');
  return propertyOf(reason, 'name') === 'TimeoutError' ? reason : undefined;
}
