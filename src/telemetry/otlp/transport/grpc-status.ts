import { statusName } from '../../../semconv/grpc.js';
import { USE_HTTP } from './describe-error.js';
import { type ExportResponse, RETRYABLE_HTTP_STATUSES } from './export-response.js';
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
  // RESOURCE_EXHAUSTED may mean a full disk or too large a request. Only a delay from the server makes it temporary.
  const retryable = RETRYABLE.has(name) || (name === 'RESOURCE_EXHAUSTED' && retryInMillis !== undefined);
  return retryable ? { status: 'retryable', reason, retryInMillis } : { status: 'failure', reason };
}

function classifyHttpStatus(status = 0): ExportResponse {
  const reason = `HTTP ${status} without a gRPC status`;
  if (RETRYABLE_HTTP_STATUSES.has(status)) return { status: 'retryable', reason };
  return { status: 'failure', reason: status < 500 ? `${reason}; ${USE_HTTP}` : reason };
}

/** @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
