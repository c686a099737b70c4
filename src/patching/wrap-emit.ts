import type { EventEmitter } from 'node:events';
import type { Call } from '../instrumentation.js';
import { patch } from './patch.js';

type Emit = (this: EventEmitter, ...args: unknown[]) => boolean;

export interface EmitHooks {
  /** Comes before the listeners of every event. Returns the call that they are to run inside, if they are to. */
  before(emitter: EventEmitter, event: string, first: unknown, second: unknown): Call | undefined;
  /** Comes after the listeners of `close`, also when one of them throws. */
  afterClose?(emitter: EventEmitter): void;
}

/**
 * Puts `advice` around the `emit` of a prototype, in place. The `emit` inside is the inherited one as it is at that
 * moment, because others patch it too, and later: node:domain does.
 */
export function wrapEmit(prototype: { emit: Emit }, { before, afterClose }: EmitHooks): void {
  const { emit } = prototype;
  const parent = Object.hasOwn(prototype, 'emit') ? { emit } : Object.getPrototypeOf(prototype);
  // The arguments stay in this one function, where V8 need not make an array of them: this is the hottest path of all.
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
