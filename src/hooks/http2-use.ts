import { Server, Socket } from 'node:net';
import { aroundEmit } from './around-emit.js';

const NAME = 'NativeModule http2';

type Emitting = Parameters<typeof aroundEmit>[0];

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

type Connect = (this: unknown, ...args: unknown[]) => unknown;

/** Sockets that connect, and those that servers get: their own, and what another process has accepted for them. */
function watchSockets(): void {
  const sockets = Socket.prototype as unknown as { connect: Connect };
  const servers = Server.prototype as Partial<Emitting>;
  const { connect } = sockets;
  const look = (): void => {
    if (!isLoaded()) return;
    if (sockets.connect === lookAndConnect) sockets.connect = connect;
    if (servers.emit === lookAndEmit) delete servers.emit;
    for (const attach of waiting.splice(0)) attach();
  };
  const lookAndConnect: Connect = function (...args) {
    look();
    return connect.apply(this, args);
  };
  sockets.connect = lookAndConnect;
  aroundEmit(servers as Emitting, (server, args, emit) => {
    if (args[0] === 'connection') look();
    return emit.apply(server, args);
  });
  const lookAndEmit = servers.emit;
}
