/** The result of one request. */
export type ExportResponse = Success | Failure | Retryable;

export interface Success {
  readonly status: 'success';
  readonly data: Uint8Array;
}

/** The same request will never succeed. */
export interface Failure {
  readonly status: 'failure';
  readonly reason: string;
  /**
   * What the receiver may refuse about the request: its size, or some of its content. A part of it may pass. Absent if
   * the receiver would refuse every request.
   */
  readonly because?: 'size' | 'content' | undefined;
}

/** The same request may succeed later. */
export interface Retryable {
  readonly status: 'retryable';
  readonly reason: string;
  readonly retryInMillis?: number | undefined;
  /** How far the request has come. Absent if there was no connection: then it cannot be at fault. */
  readonly progress?: 'sent' | 'answered' | undefined;
}

/**
 * The HTTP statuses after which the same request may succeed later. A proxy may return one instead of a gRPC status.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
 */
export const RETRYABLE_HTTP_STATUSES: ReadonlySet<number | undefined> = new Set([429, 502, 503, 504]);

/** A proxy has waited too long for the receiver. */
const GATEWAY_TIMEOUT = 504;
const BAD_REQUEST = 400;
const CONTENT_TOO_LARGE = 413;

export function progressAt(httpStatus: number): 'sent' | 'answered' {
  return httpStatus === GATEWAY_TIMEOUT ? 'sent' : 'answered';
}

export function refusalOf(httpStatus: number): 'size' | 'content' | undefined {
  if (httpStatus === CONTENT_TOO_LARGE) return 'size';
  return httpStatus === BAD_REQUEST ? 'content' : undefined;
}

/** The result of an attempt that failed before an answer arrived. The same request may succeed later. */
export function unanswered(reason: string, isSent: boolean): ExportResponse {
  return { status: 'retryable', reason, ...(isSent && { progress: 'sent' }) };
}
