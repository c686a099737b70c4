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
 * Runs `attach` as soon as the application uses a module of Node: at once if it is loaded, else with the first socket
 * after it was, before anything is sent or read. No hook of Node tells of the `import` of its own modules, but its
 * list of them does.
 *
 * @param builtin such as `node:http2`
 */
export function whenBuiltinIsUsed(builtin: string, attach: () => void): void {
  if (isLoaded(builtin)) {
    attach();
    return;
  }
  waiting.push({ builtin, attach });
  if (waiting.length === 1) watchSockets();
}

const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };

function isLoaded(builtin: string): boolean {
  return moduleLoadList === undefined || moduleLoadList.includes(builtin.replace('node:', 'NativeModule '));
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Sockets that connect, sockets that are accepted, and servers that are made: each server listens to itself. */
function watchSockets(): void {
  const lookFirst = (method: Method): Method =>
    function (...args) {
      look();
      return method.apply(this, args);
    };
  const unpatch = [patch(Socket.prototype, 'connect', lookFirst), patch(Server.prototype, 'on', lookFirst)];
  subscribe(ACCEPTED, look);

  let seen = moduleLoadList?.length;

  function look(): void {
    if (moduleLoadList?.length === seen) return;
    seen = moduleLoadList?.length;
    const ready = waiting.filter(({ builtin }) => isLoaded(builtin));
    waiting = waiting.filter((each) => !ready.includes(each));
    if (waiting.length === 0) {
      unsubscribe(ACCEPTED, look);
      for (const each of unpatch) each();
    }
    for (const { attach } of ready) attach();
  }
}
