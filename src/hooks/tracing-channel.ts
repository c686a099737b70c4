import { tracingChannel } from 'node:diagnostics_channel';
import type { Context } from '@opentelemetry/api';
import { contextInside } from '../calls/call.js';
import { contextStorage, contexts } from '../calls/context.js';
import type { Call, Calls, Guard, Outcome, TracingTarget } from '../instrumentation.js';
import { privateField } from '../patching/private-field.js';

interface Operation {
  readonly call: Call;
  /** Where the library was called, to which a callback returns. */
  readonly caller: Context;
}

interface Message {
  readonly error?: unknown;
}

/**
 * The door of libraries that publish on a `TracingChannel`. It also works in bundled applications. Node enters the
 * context of the call for as long as the operation runs, and leaves it for the callback of the application.
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
    return contextInside(call);
  });
  const endCall = guard((message: object) => {
    operations.get(message)?.call.end(outcome(message));
  });

  start.bindStore(contextStorage, (message) => openCall(message) ?? contexts.active());
  asyncStart.bindStore(contextStorage, (message) => operations.get(message)?.caller ?? contexts.active());
  // A promise or a callback comes later. Only what is over has its result or its error by now.
  end.subscribe((message) => {
    if ('result' in (message as object) || 'error' in (message as object)) endCall(message as object);
  });
  asyncStart.subscribe((message) => endCall(message as object));
}

function failureIn({ error }: Message): Outcome {
  return { error };
}
