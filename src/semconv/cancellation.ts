import { propertyOf } from './property.js';

/**
 * The error of a client call, or `undefined` if its caller cancelled it on purpose. A timeout of the caller
 * (`AbortSignal.timeout`) also arrives as a cancellation, but it is an error.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status
 */
export function unlessCancelled(error: unknown): unknown {
  if (propertyOf(error, 'name') !== 'AbortError' && propertyOf(error, 'code') !== 'UND_ERR_ABORTED')
    return error;
  const cause = propertyOf(error, 'cause');
  return propertyOf(cause, 'name') === 'TimeoutError' ? cause : undefined;
}
