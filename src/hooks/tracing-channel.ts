import { tracingChannel } from 'node:diagnostics_channel';
import type { Context } from '@opentelemetry/api';
import { contextOf } from '../calls/call.js';
import { contextStorage, contexts } from '../calls/context.js';
import type { Call, Calls, Guard, Outcome, TracingTarget } from '../instrumentation.js';
import { privateField } from '../patching/private-field.js';

interface Message {
  readonly result?: unknown;
  readonly error?: unknown;
}

/** An operation of the library, from its `start` event on. */
interface Operation {
  /** Absent when the instrumentation does not observe this operation. */
  readonly call: Call | undefined;
  /** The context of the library's caller, in which the caller's callback runs. */
  readonly caller: Context;
  /** The message as it started: a library may reuse it, or create it with both fields. */
  readonly before: Message;
  failed: boolean;
}

/**
 * Observes a library that publishes on a `TracingChannel`, which also works in bundled applications. Node enters the
 * context of the Call while the operation runs, and leaves it for the callback of the application.
 */
export function attachTracingChannel(
  { tracing, open, outcome }: TracingTarget,
  calls: Calls,
  guard: Guard,
): void {
  const { start, end, asyncStart, asyncEnd, error } = tracingChannel<Context, Message>(tracing);
  const operations = privateField<Operation>();

  const begin = guard((message: Message): Operation => {
    const call = open(message, calls);
    const operation = { call, caller: contexts.active(), before: { ...message }, failed: false };
    operations.set(message, operation);
    return operation;
  });
  const finish = guard((message: Message) => {
    const operation = operations.get(message);
    operation?.call?.end(outcome?.(message) ?? defaultOutcome(message, operation.failed));
  });

  start.bindStore(contextStorage, (message) => {
    const call = begin(message)?.call;
    return call === undefined ? contexts.active() : contextOf(call);
  });
  asyncStart.bindStore(contextStorage, (message) => operations.get(message)?.caller ?? contexts.active());
  // A library that only publishes has no context to enter, and so no store is asked.
  start.subscribe((message) => {
    if (operations.get(message) === undefined) begin(message as Message);
  });
  error.subscribe((message) => {
    const operation = operations.get(message);
    if (operation !== undefined) operation.failed = true;
  });
  // By now a synchronous operation has its result or its error. A promise or a callback follows later.
  end.subscribe((message) => {
    if (isOver(message as Message, operations.get(message)?.before)) finish(message as Message);
  });
  asyncStart.subscribe((message) => void finish(message as Message));
  asyncEnd.subscribe((message) => void finish(message as Message));
}

function isOver(message: Message, before: Message = {}): boolean {
  return isSet('result', message, before) || isSet('error', message, before);
}

function isSet(field: keyof Message, message: Message, before: Message): boolean {
  return field in message && (!(field in before) || message[field] !== before[field]);
}

/** The error may be anything that can be thrown, `undefined` included. */
function defaultOutcome({ error }: Message, failed: boolean): Outcome {
  return failed ? { error: error ?? 'undefined' } : {};
}
