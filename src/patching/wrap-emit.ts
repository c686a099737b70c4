import type { EventEmitter } from 'node:events';
import type { Call } from '../instrumentation.js';
import { patch } from './patch.js';

type Emit = (this: EventEmitter, ...args: unknown[]) => boolean;

export interface EmitHooks {
  /** Runs before the listeners of every event. Returns the call in which they should run, if any. */
  before(emitter: EventEmitter, event: string, first: unknown, second: unknown): Call | undefined;
  /** Runs after the listeners of `close`, even if one of them throws. */
  afterClose?(emitter: EventEmitter): void;
}

/**
 * Wraps the `emit` of a prototype in place. An inherited `emit` is looked up on every event, because other code may
 * patch it later, as node:domain does.
 */
export function wrapEmit(prototype: { emit: Emit }, { before, afterClose }: EmitHooks): void {
  const { emit } = prototype;
  const parent = Object.hasOwn(prototype, 'emit') ? { emit } : Object.getPrototypeOf(prototype);
  // The arguments stay in this one function, so that V8 need not allocate an array: this is the hottest path of all.
  patch<Emit>(
    prototype,
    'emit',
    () =>
      function (...args) {
        const event = args[0] as string;
        const call = before(this, event, args[1], args[2]);
        if (event !== 'close' || afterClose === undefined)
          return call === undefined ? parent.emit.apply(this, args) : call.run(parent.emit, this, ...args);
        try {
          return call === undefined ? parent.emit.apply(this, args) : call.run(parent.emit, this, ...args);
        } finally {
          afterClose(this);
        }
      },
  );
}
