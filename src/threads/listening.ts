import type { Server } from 'node:net';
import { openChannel } from './messages.js';

const LISTENING = 'tracing:net.server.listen:asyncEnd';

/** In a thread that is not observed: tells the main thread once that this one listens on a TCP port. */
export function reportListening(): void {
  const { subscribe, unsubscribe } = process.getBuiltinModule('node:diagnostics_channel');
  const onListening = (message: unknown): void => {
    const address = (message as { server: Server }).server.address();
    if (address === null || typeof address === 'string') return;
    unsubscribe(LISTENING, onListening);
    const channel = openChannel();
    channel.postMessage({ says: 'listens', port: address.port });
    channel.close();
  };
  subscribe(LISTENING, onListening);
}
