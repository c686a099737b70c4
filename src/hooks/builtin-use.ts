import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server, Socket } from 'node:net';
import { patch } from '../patching/patch.js';

const ACCEPTED = 'net.server.socket';

interface Waiting {
  readonly builtin: string;
  attach(): void;
}

let waiting: Waiting[] = [];

/**
 * Runs `attach` as soon as the application uses a built-in module: at once if it is loaded, otherwise at the first
 * use of a socket after it was loaded, before anything is sent or read. No hook reports the `import` of a built-in
 * module, so this compares `process.moduleLoadList`.
 *
 * @param builtin such as `node:http2`
 */
export function whenBuiltinIsUsed(builtin: string, attach: () => void): void {
  if (isBuiltinLoaded(builtin)) {
    attach();
    return;
  }
  waiting.push({ builtin, attach });
  if (waiting.length === 1) watchSockets();
}

const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };

export function isBuiltinLoaded(builtin: string): boolean {
  return moduleLoadList === undefined || moduleLoadList.includes(builtin.replace('node:', 'NativeModule '));
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Checks when a socket connects, when one is accepted, and when a server is created: a server calls its own `on`. */
function watchSockets(): void {
  const checkFirst = (method: Method): Method =>
    function (...args) {
      check();
      return method.apply(this, args);
    };
  const unpatch = [patch(Socket.prototype, 'connect', checkFirst), patch(Server.prototype, 'on', checkFirst)];
  subscribe(ACCEPTED, check);

  let seen = moduleLoadList?.length;

  function check(): void {
    if (moduleLoadList?.length === seen) return;
    seen = moduleLoadList?.length;
    const ready = waiting.filter(({ builtin }) => isBuiltinLoaded(builtin));
    waiting = waiting.filter((each) => !ready.includes(each));
    if (waiting.length === 0) {
      unsubscribe(ACCEPTED, check);
      unpatch.forEach((restore) => {
        restore();
      });
    }
    ready.forEach(({ attach }) => {
      attach();
    });
  }
}
