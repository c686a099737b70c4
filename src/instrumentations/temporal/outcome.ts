import type { Outcome } from '../../instrumentation.js';
import { statusName } from '../../semconv/grpc.js';

/** What is common to the errors of Temporal; their classes come from the application's own copy of the SDK. */
interface TemporalError {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly category?: unknown;
  readonly cause?: { readonly code?: unknown };
}

export const COMPLETED: Outcome = { code: 'completed' };

/** How an operation, activity or workflow ends that throws. Not every throw is a failure. */
export function outcomeOf(error: unknown): Outcome {
  const { name, category } = (error ?? {}) as TemporalError;
  if (name === 'CompleteAsyncError') return { code: 'completes_async' };
  if (name === 'CancelledFailure' || name === 'AbortError') return { code: 'canceled' };
  if (category === 'BENIGN') return { code: 'benign' };
  return { code: 'failed', error, errorType: typeOf(error) };
}

/** The type that the application gave its failure, or the status of the service; else the class tells. */
function typeOf(error: unknown): string | undefined {
  const { name, type, cause } = (error ?? {}) as TemporalError;
  if (name === 'ApplicationFailure' && typeof type === 'string' && type !== '') return type;
  if (typeof cause?.code === 'number') return statusName(cause.code);
  return undefined;
}
