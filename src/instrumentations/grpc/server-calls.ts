import type { Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';

/** What grpc-js calls with the events of a call. */
interface Listener {
  onReceiveMetadata(metadata: unknown): void;
  onReceiveMessage(message: unknown): void;
  onReceiveHalfClose(): void;
  /** The last event of every call, of those that have been answered too. */
  onCancel(): void;
}

/** A call of a server of grpc-js, from 1.10 on: what is nearest to the wire, below the interceptors of the application. */
interface ServerCall {
  readonly handler?: { readonly type?: string };
}

type Start = (this: ServerCall, listener: Listener) => void;
type SendMessage = (this: ServerCall, message: unknown, callback: unknown) => void;

/** How a call is followed. */
export interface FollowedCall {
  run<A extends unknown[], R>(fn: (...args: A) => R, thisArg: unknown, ...args: A): R;
  /** Absent if nobody counts messages. */
  readonly counts: MessageCounts | undefined;
  end(): void;
}

export interface MessageCounts {
  received: number;
  sent: number;
}

/**
 * Runs what hears of calls inside of them, and ends them. `claim` is called in the context of the call when it starts: one
 * that an interceptor of the application answers by itself never does. `countsOf` finds a call that is claimed.
 */
export function followServerCalls(
  prototype: object,
  claim: (call: ServerCall) => FollowedCall | undefined,
  countsOf: (call: ServerCall) => MessageCounts | undefined,
  guard: Guard,
): void {
  const end = guard((followed: FollowedCall) => followed.end());
  const listen = guard((call: ServerCall, listener: Listener): Listener | undefined => {
    const followed = claim(call);
    if (followed === undefined) return undefined;
    return isQuiet(call, listener)
      ? new UnaryListener(listener, followed, end)
      : new StreamListener(listener, followed, end);
  });
  patch<Start>(
    prototype,
    'start',
    (start) =>
      function (listener) {
        start.call(this, listen(this, listener) ?? listener);
      },
  );
  patch<SendMessage>(
    prototype,
    'sendMessage',
    (sendMessage) =>
      function (message, callback) {
        const counts = countsOf(this);
        if (counts !== undefined) counts.sent += 1;
        sendMessage.call(this, message, callback);
      },
  );
}

/** Whether nothing of the application hears of messages: of those of a unary method without interceptors. */
function isQuiet({ handler }: ServerCall, listener: Listener): boolean {
  const isUnary = handler?.type === 'unary' || handler?.type === 'serverStream';
  return isUnary && Object.getPrototypeOf(listener) === Object.prototype;
}

/** Metadata arrives in the context in which the call has started. */
class UnaryListener implements Listener {
  protected readonly listener: Listener;
  protected readonly call: FollowedCall;
  readonly #end: (call: FollowedCall) => void;

  constructor(listener: Listener, call: FollowedCall, end: (call: FollowedCall) => void) {
    this.listener = listener;
    this.call = call;
    this.#end = end;
  }

  onReceiveMetadata(metadata: unknown): void {
    this.listener.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    if (this.call.counts !== undefined) this.call.counts.received += 1;
    this.listener.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    this.call.run(this.listener.onReceiveHalfClose, this.listener);
  }

  onCancel(): void {
    try {
      this.call.run(this.listener.onCancel, this.listener);
    } finally {
      this.#end(this.call);
    }
  }
}

class StreamListener extends UnaryListener {
  override onReceiveMessage(message: unknown): void {
    if (this.call.counts !== undefined) this.call.counts.received += 1;
    this.call.run(this.listener.onReceiveMessage, this.listener, message);
  }
}
