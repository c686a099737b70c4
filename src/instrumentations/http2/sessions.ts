import { lookAtNewEmitters } from '../../patching/new-emitters.js';

/** The classes of sessions, which Node does not export. */
type SessionClass = 'ClientHttp2Session' | 'ServerHttp2Session';

const waiting = new Map<SessionClass, ((prototype: object) => void)[]>();
const prototypes = new Map<SessionClass, object>();
let stopLooking: (() => void) | undefined;

/**
 * Calls `found` with the prototype of a class of sessions as soon as the application creates its first one, before it
 * can make a request. No export of node:http2 is called for it: the application may have replaced it.
 */
export function whenSessionIsCreated(name: SessionClass, found: (prototype: object) => void): void {
  const known = prototypes.get(name);
  if (known !== undefined) {
    found(known);
    return;
  }
  waiting.set(name, (waiting.get(name) ?? []).concat(found));
  stopLooking ??= lookAtNewEmitters(look);
}

function look(prototype: object): void {
  const name = nameOfClass(prototype) as SessionClass;
  const callbacks = waiting.get(name);
  if (callbacks === undefined) return;
  prototypes.set(name, prototype);
  waiting.delete(name);
  if (waiting.size === 0) {
    stopLooking?.();
    stopLooking = undefined;
  }
  callbacks.forEach((found) => {
    found(prototype);
  });
}

/** Reads no property that the application could have made a getter. */
function nameOfClass(prototype: object): unknown {
  const sessionClass: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof sessionClass !== 'function') return undefined;
  return Object.getOwnPropertyDescriptor(sessionClass, 'name')?.value;
}
