import type { EventEmitter } from 'node:events';
import type { Call } from '../instrumentation.js';
import { patch } from './patch.js';

type Emit = (this: EventEmitter, ...args: unknown[]) => boolean;

export interface EmitHooks {
  /** Runs before the listeners of every event. Returns the call in which they should run, if any. */
  before(emitter: EventEmitter, event: string, first: unknown, second: unknown): Call | undefined;
  /** Runs after the listeners of `close`, even if one of them throws. */
  afterClose?(emitter: EventEmitter): void;
  /** Runs after the listeners of every event, even if one of them throws. */
  after?(event: string): void;
}

/**
 * Wraps the `emit` of a prototype in place. An inherited `emit` is looked up on every event, because other code may
 * patch it later, as node:domain does.
 */
export function wrapEmit(prototype: { emit: Emit }, { before, afterClose, after }: EmitHooks): void {
  const { emit } = prototype;
  const parent = Object.hasOwn(prototype, 'emit') ? { emit } : Object.getPrototypeOf(prototype);
  patch<Emit>(
    prototype,
    'emit',
    () =>
      function (...args) {
        const call = before(this, args[0] as string, args[1], args[2]);
        try {
          if (call === undefined) return parent.emit.apply(this, args);
          // One by one: no iterator of the application has a part in it, and the array of arguments, which never leaves
          // this function, need not be made. This is the hottest path of all.
          switch (args.length) {
            case 1:
              return call.run(parent.emit, this, args[0]);
            case 2:
              return call.run(parent.emit, this, args[0], args[1]);
            case 3:
              return call.run(parent.emit, this, args[0], args[1], args[2]);
            default:
              return call.run(parent.emit, this, ...args);
          }
        } finally {
          if (args[0] === 'close') afterClose?.(this);
          after?.(args[0] as string);
        }
      },
  );
}
