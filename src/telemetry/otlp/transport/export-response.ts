/** The result of one request, in the terms of the SDK's own exporters. */
export type ExportResponse =
  | { readonly status: 'success'; readonly data: Uint8Array }
  | { readonly status: 'failure'; readonly reason: string }
  | { readonly status: 'retryable'; readonly reason: string; readonly retryInMillis?: number | undefined };

/**
 * The HTTP statuses after which the same request may succeed later. A proxy may return one instead of a gRPC status.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
 */
export const RETRYABLE_HTTP_STATUSES: ReadonlySet<number | undefined> = new Set([429, 502, 503, 504]);

/** The result of an attempt that failed before an answer arrived. The same request may succeed later. */
export function unreachable(reason: string): ExportResponse {
  return { status: 'retryable', reason };
}
