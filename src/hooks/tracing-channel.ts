import { tracingChannel } from 'node:diagnostics_channel';
import type { Context } from '@opentelemetry/api';
import { contextOf } from '../calls/call.js';
import { contextStorage, contexts } from '../calls/context.js';
import type { Call, Calls, Guard, Outcome, TracingTarget } from '../instrumentation.js';
import { privateField } from '../patching/private-field.js';

interface Operation {
  readonly call: Call;
  /** The context in which the library was called. Its callback runs there again. */
  readonly caller: Context;
}

interface Message {
  readonly error?: unknown;
}

/**
 * Attaches to a `TracingChannel`, on which a library publishes by itself. Works in bundled applications too. Node
 * enters the context of the call while the operation runs, and leaves it for the application's callback.
 */
export function attachTracingChannel(
  { tracing, open, outcome = failureIn }: TracingTarget,
  calls: Calls,
  guard: Guard,
): void {
  const { start, end, asyncStart } = tracingChannel<Context, object>(tracing);
  const operations = privateField<Operation>();

  const openCall = guard((message: object): Context | undefined => {
    const call = open(message, calls);
    if (call === undefined) return undefined;
    operations.set(message, { call, caller: contexts.active() });
    return contextOf(call);
  });
  const endCall = guard((message: object) => {
    operations.get(message)?.call.end(outcome(message));
  });

  start.bindStore(contextStorage, (message) => openCall(message) ?? contexts.active());
  asyncStart.bindStore(contextStorage, (message) => operations.get(message)?.caller ?? contexts.active());
  // A promise or a callback settles later. Only a synchronous operation already has its result or its error here.
  end.subscribe((message) => {
    if ('result' in (message as object) || 'error' in (message as object)) endCall(message as object);
  });
  asyncStart.subscribe((message) => endCall(message as object));
}

function failureIn({ error }: Message): Outcome {
  return { error };
}
