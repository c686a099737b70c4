import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

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

type Connect = (this: unknown, ...args: unknown[]) => unknown;

function watchSockets(): void {
  const prototype = Socket.prototype as unknown as { connect: Connect };
  const { connect } = prototype;
  const look = (): void => {
    if (!isLoaded()) return;
    unsubscribe(ACCEPTED, look);
    if (prototype.connect === lookAndConnect) prototype.connect = connect;
    for (const attach of waiting.splice(0)) attach();
  };
  const lookAndConnect: Connect = function (...args) {
    look();
    return connect.apply(this, args);
  };
  subscribe(ACCEPTED, look);
  prototype.connect = lookAndConnect;
}
