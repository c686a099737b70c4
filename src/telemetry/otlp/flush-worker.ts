/** The worker thread of `flushSync`: sends the last requests, all at once, while the main thread waits. */
import { workerData } from 'node:worker_threads';
import type { FlushJob, PendingRequest } from './flush.js';
import { openTransport } from './transport/open-transport.js';
import type { Transport } from './transport/transport.js';

const { requests, port, finished } = workerData as FlushJob;
const transports = new Map<string, Transport>();

// The connections do not keep a thread alive, so this does; the main thread ends it.
setInterval(() => {}, 60_000);
void Promise.all(requests.map(deliver)).then(() => {
  Atomics.store(finished, 0, 1);
  Atomics.notify(finished, 0);
});

async function deliver({ exporter, signal, body }: PendingRequest): Promise<void> {
  const key = JSON.stringify([signal, exporter]);
  const transport = transports.get(key) ?? openTransport(exporter, signal);
  transports.set(key, transport);
  port.postMessage(await transport.send([body]));
}
