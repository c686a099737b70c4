import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server, Socket } from 'node:net';
import { patch } from './patch.js';

const NAME = 'NativeModule http2';
const ACCEPTED = 'net.server.socket';

const waiting: (() => void)[] = [];

/**
 * Runs `attach` as soon as the application uses HTTP/2: at once if the module is loaded, else with the first socket
 * after it was, before anything is sent or read. No hook of Node tells of the `import` of its own modules, but its
 * list of them does.
 */
export function whenHttp2IsUsed(attach: () => void): void {
  if (isLoaded()) {
    attach();
    return;
  }
  waiting.push(attach);
  if (waiting.length === 1) watchSockets();
}

function isLoaded(): boolean {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };
  return moduleLoadList === undefined || moduleLoadList.includes(NAME);
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

  function look(): void {
    if (!isLoaded()) return;
    unsubscribe(ACCEPTED, look);
    for (const each of unpatch) each();
    for (const attach of waiting.splice(0)) attach();
  }
}
