/** What became of one request. The words are those of the SDK's own exporters. */
export type ExportResponse =
  | { readonly status: 'success'; readonly data: Uint8Array }
  | { readonly status: 'failure'; readonly reason: string }
  | { readonly status: 'retryable'; readonly reason: string; readonly retryInMillis?: number | undefined };

/**
 * The HTTP statuses after which the same request may succeed, also where a proxy answers instead of a gRPC server.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
 */
export const RETRYABLE_HTTP_STATUSES: ReadonlySet<number | undefined> = new Set([429, 502, 503, 504]);

const SYSTEM_CODE = /^E[A-Z]+$/;

/** An attempt that failed before there was an answer; the same request may succeed later. */
export function unreachable(error: unknown): ExportResponse {
  return { status: 'retryable', reason: describeError(error) };
}

function describeError(error: unknown): string {
  // HTTP/2 wraps what befell the connection in an error of the stream.
  const { code, path, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  return code !== undefined && path === undefined && SYSTEM_CODE.test(code) ? code : message;
}
