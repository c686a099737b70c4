/**
 * The HTTP methods that keep their name. Any other method becomes `_OTHER`, so that a client cannot create new series.
 * This is the default of `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
 */
export const KNOWN_METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'QUERY',
];
