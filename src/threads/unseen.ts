import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { log } from '../log.js';
import { openChannel } from './messages.js';

const CREATED = 'worker_threads';

/** Says once that a thread serves what nobody sees. There is nothing to hear before the first thread. */
export function reportUnseenThreads(): void {
  const onCreated = (): void => {
    unsubscribe(CREATED, onCreated);
    const channel = openChannel((message) => {
      if (message.says !== 'listens') return;
      channel.close();
      log.warn(
        `a worker thread listens on port ${message.port}; requests served in worker threads are not seen, expected ` +
          'worker_threads: true in the file, or REDHOOK_WORKER_THREADS=true',
      );
    });
  };
  subscribe(CREATED, onCreated);
}
