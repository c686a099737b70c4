/** The worker thread of `flushSync`. It sends the last requests in parallel while the main thread is blocked. */
import { workerData } from 'node:worker_threads';
import { adoptConnectionDefaults } from './connection-defaults.js';
import type { FlushJob, FlushResult, PendingRequest } from './flush.js';
import { openTransport } from './transport/open-transport.js';
import type { Transport } from './transport/transport.js';

const { requests, connections, port, finished } = workerData as FlushJob;
adoptConnectionDefaults(connections);
const transports = new Map<string, Transport>();

// The sockets do not keep the thread alive, so this timer does. The main thread terminates it.
setInterval(() => {}, 60_000);
void Promise.all(requests.map(deliver)).then(() => {
  Atomics.store(finished, 0, 1);
  Atomics.notify(finished, 0);
});

async function deliver({ exporter, signal, body, spans = 0 }: PendingRequest): Promise<void> {
  const key = JSON.stringify([signal, exporter]);
  const transport = transports.get(key) ?? openTransport(exporter, signal);
  transports.set(key, transport);
  const result: FlushResult = { ...(await transport.send([body])), spans };
  port.postMessage(result);
}
