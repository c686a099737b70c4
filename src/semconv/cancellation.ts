/**
 * The error of a client call, or `undefined` if its caller cancelled it on purpose. A timeout of the caller
 * (`AbortSignal.timeout`) also arrives as a cancellation, but it is an error.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status
 */
export function unlessCancelled(error: unknown): unknown {
  const { name, code, cause } = (error ?? {}) as {
    name?: unknown;
    code?: unknown;
    cause?: { name?: unknown };
  };
  if (name !== 'AbortError' && code !== 'UND_ERR_ABORTED') return error;
  return cause?.name === 'TimeoutError' ? cause : undefined;
}
