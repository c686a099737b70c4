import { EventEmitter } from 'node:events';
import { patch } from '../../patching/patch.js';

/** The classes of sessions, which Node does not export. */
type SessionClass = 'ClientHttp2Session' | 'ServerHttp2Session';

type Init = (this: object, ...args: unknown[]) => void;

const waiting = new Map<SessionClass, ((prototype: object) => void)[]>();
const prototypes = new Map<SessionClass, object>();
const seen = new WeakSet<object>();
let unpatch: (() => void) | undefined;

/**
 * Calls `found` with the prototype of a class of sessions as soon as the application creates its first one, before it
 * can make a request. No export of node:http2 is called for it: the application may have replaced it. The constructor
 * of every emitter runs `EventEmitter.init`, which is watched until all classes are found.
 */
export function whenSessionIsCreated(name: SessionClass, found: (prototype: object) => void): void {
  const known = prototypes.get(name);
  if (known !== undefined) {
    found(known);
    return;
  }
  waiting.set(name, [...(waiting.get(name) ?? []), found]);
  unpatch ??= patch<Init>(
    EventEmitter,
    'init',
    (init) =>
      function (...args) {
        init.apply(this, args);
        look(Object.getPrototypeOf(this));
      },
  );
}

function look(prototype: object): void {
  if (seen.has(prototype)) return;
  seen.add(prototype);
  const name = nameOfClass(prototype) as SessionClass;
  const callbacks = waiting.get(name);
  if (callbacks === undefined) return;
  prototypes.set(name, prototype);
  waiting.delete(name);
  if (waiting.size === 0) {
    unpatch?.();
    unpatch = undefined;
  }
  for (const found of callbacks) found(prototype);
}

/** Reads no property that the application could have made a getter. */
function nameOfClass(prototype: object): unknown {
  const sessionClass: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof sessionClass !== 'function') return undefined;
  return Object.getOwnPropertyDescriptor(sessionClass, 'name')?.value;
}
