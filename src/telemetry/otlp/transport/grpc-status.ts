import { statusName } from '../../../semconv/grpc.js';
import { USE_HTTP } from './describe-error.js';
import { type ExportResponse, progressAt, RETRYABLE_HTTP_STATUSES, refusalOf } from './export-response.js';
import { retryDelayMs } from './retry-info.js';

/** @see https://opentelemetry.io/docs/specs/otlp/#failures */
const RETRYABLE = new Set([
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/** The server may refuse the request because of its size, or of one of its spans. */
const MAY_PASS_IN_PARTS = new Set(['INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED']);
/** How gRPC for Go, C, Java, Node and Rust, and proxies, say that a message exceeds their limit. */
const TOO_LARGE = /larger than max|exceeds? (?:the )?maximum|length too large|(?:payload|entity) too large/i;

/** The gRPC status, from the trailers or from the headers of an answer without a body. */
export interface GrpcAnswer {
  readonly ':status'?: number | undefined;
  readonly 'grpc-status'?: string | undefined;
  readonly 'grpc-message'?: string | undefined;
  readonly 'grpc-status-details-bin'?: string | undefined;
}

/** Classifies an answer: delivered, worth a retry, or rejected for good. */
export function classifyGrpcAnswer(answer: GrpcAnswer, data: Uint8Array): ExportResponse {
  const code = answer['grpc-status'];
  if (code === undefined) return classifyHttpStatus(answer[':status']);
  if (code === '0') return { status: 'success', data };

  const name = statusName(code);
  const message = decodeMessage(answer['grpc-message'] ?? '');
  const reason = message === '' ? name : `${name}: ${message}`;
  const retryInMillis = retryDelayMs(answer['grpc-status-details-bin']);
  // Tonic says OUT_OF_RANGE, others RESOURCE_EXHAUSTED or the status that stands for an HTTP status of their own.
  if (TOO_LARGE.test(message)) return { status: 'failure', reason, because: 'size' };
  // RESOURCE_EXHAUSTED may mean a full disk or too large a request. Only a delay from the server makes it temporary.
  if (RETRYABLE.has(name) || (name === 'RESOURCE_EXHAUSTED' && retryInMillis !== undefined)) {
    const progress = name === 'DEADLINE_EXCEEDED' ? 'sent' : 'answered';
    return { status: 'retryable', reason, retryInMillis, progress };
  }
  return { status: 'failure', reason, because: MAY_PASS_IN_PARTS.has(name) ? 'content' : undefined };
}

function classifyHttpStatus(status = 0): ExportResponse {
  const reason = `HTTP ${status} without a gRPC status`;
  if (RETRYABLE_HTTP_STATUSES.has(status))
    return { status: 'retryable', reason, progress: progressAt(status) };
  const because = refusalOf(status);
  const isProxy = because === 'size' || status >= 500;
  return { status: 'failure', reason: isProxy ? reason : `${reason}; ${USE_HTTP}`, because };
}

/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
