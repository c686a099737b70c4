import { ownId } from '../process-id.js';
import type { PendingRequest } from '../telemetry/otlp/flush.js';
import { type Message, openChannel } from './messages.js';
import { preloadInThreads } from './preload.js';
import type { ThreadSetup } from './setup.js';
import { ALONE, type Threads } from './threads.js';

/**
 * In another thread than the main one. A thread with nothing to show or to lose says nothing. `register` is the file of the
 * flag, for the threads that it starts itself.
 */
export function followMainThread({ primary, label }: ThreadSetup, register: string): Threads {
  const thread = ownId();
  let take = (): PendingRequest[] => [];
  let channel: ReturnType<typeof openChannel> | undefined;
  const say = (message: Message): void => {
    channel ??= openChannel(({ says }) => {
      if (says === 'flush') say({ says: 'flushed', thread, requests: take() });
    });
    channel.postMessage(message);
  };
  preloadInThreads(register, () => {});
  return {
    ...ALONE,
    telemetry: {
      arm: () => say({ says: 'armed', thread }),
      thread: { primary, label, joined: () => say({ says: 'joined' }) },
    },
    whenTaken(callback) {
      take = callback;
    },
    flushed() {
      if (channel !== undefined) say({ says: 'flushed', thread, requests: [] });
    },
  };
}
