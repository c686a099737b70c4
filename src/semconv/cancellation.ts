/**
 * What broke a client call, or `undefined` when its caller cancelled it on purpose, which is no error. A caller's
 * time-out (`AbortSignal.timeout`) is one, though it arrives as a cancellation too.
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
