import type { Outcome } from '../../instrumentation.js';
import { statusName } from '../../semconv/grpc.js';
import { propertyOf } from '../../semconv/property.js';

export const COMPLETED: Outcome = { code: 'completed' };

/**
 * The outcome of an operation, activity or workflow that has thrown. Not every throw is a failure. The classes of
 * Temporal's errors are in the application's copy of the SDK, so names identify them.
 */
export function outcomeOf(error: unknown): Outcome {
  const name = propertyOf(error, 'name');
  if (name === 'CompleteAsyncError') return { code: 'completes_async' };
  if (isCancellation(error)) return { code: 'canceled' };
  if (propertyOf(error, 'category') === 'BENIGN') return { code: 'benign' };
  return failed(error);
}

/** That of an attempt of an activity. It is canceled only if somebody has asked for it. */
export function outcomeOfAttempt(error: unknown, isCancelRequested: boolean): Outcome {
  return isCancellation(error) && !isCancelRequested ? failed(error) : outcomeOf(error);
}

function isCancellation(error: unknown): boolean {
  const name = propertyOf(error, 'name');
  if (name === 'OperationError') return propertyOf(error, 'state') === 'canceled';
  return name === 'CancelledFailure' || name === 'AbortError';
}

function failed(error: unknown): Outcome {
  return { code: 'failed', error, errorType: typeOf(error) };
}

/** The classes of Temporal's errors that have a type of their own. */
const TYPED = new Set<unknown>(['ApplicationFailure', 'HandlerError']);

/** The type of an ApplicationFailure, or the gRPC status of the service. Otherwise the error class is the type. */
function typeOf(error: unknown): string | undefined {
  const type = propertyOf(error, 'type');
  if (TYPED.has(propertyOf(error, 'name')) && typeof type === 'string' && type !== '') return type;
  const code = propertyOf(propertyOf(error, 'cause'), 'code');
  return typeof code === 'number' ? statusName(code) : undefined;
}
