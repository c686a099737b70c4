import type { Outcome } from '../../instrumentation.js';
import { statusName } from '../../semconv/grpc.js';

/** The fields of Temporal's errors. Their classes are in the application's copy of the SDK, so names identify them. */
interface TemporalError {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly category?: unknown;
  readonly cause?: { readonly code?: unknown };
}

export const COMPLETED: Outcome = { code: 'completed' };

/** The outcome of an operation, activity or workflow that has thrown. Not every throw is a failure. */
export function outcomeOf(error: unknown): Outcome {
  const { name, category } = (error ?? {}) as TemporalError;
  if (name === 'CompleteAsyncError') return { code: 'completes_async' };
  if (name === 'CancelledFailure' || name === 'AbortError') return { code: 'canceled' };
  if (category === 'BENIGN') return { code: 'benign' };
  return { code: 'failed', error, errorType: typeOf(error) };
}

/** The type of an ApplicationFailure, or the gRPC status of the service. Otherwise the error class is the type. */
function typeOf(error: unknown): string | undefined {
  const { name, type, cause } = (error ?? {}) as TemporalError;
  if (name === 'ApplicationFailure' && typeof type === 'string' && type !== '') return type;
  if (typeof cause?.code === 'number') return statusName(cause.code);
  return undefined;
}
