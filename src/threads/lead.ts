import type { Config } from '../config/config.js';
import type { ExitFlush } from '../exit.js';
import type { Live } from '../live.js';
import { isAlive } from '../process-id.js';
import type { PendingRequest } from '../telemetry/otlp/flush.js';
import { type Message, openChannel, receiveAll } from './messages.js';
import { preloadInThreads } from './preload.js';
import { offerSetup, type ThreadSetup } from './setup.js';
import { ALONE, type Threads } from './threads.js';

const PAUSE_MS = 2;

/** In the main thread: every thread that is started from now on is observed. `register` is the file of the flag. */
export function leadThreads(
  settings: Live<Config>,
  place: Omit<ThreadSetup, 'config'>,
  register: string,
  { arm }: ExitFlush,
): Threads {
  /** The threads whose end would lose something, by their ids in the system. */
  const armed = new Set<string>();
  let channel: ReturnType<typeof openChannel> | undefined;
  let onJoined = (): void => {};

  const onMessage = (message: Message): void => {
    if (message.says === 'joined') {
      onJoined();
    } else if (message.says === 'armed') {
      // A thread that was terminated says nothing more.
      for (const each of armed) if (!isAlive(each)) armed.delete(each);
      armed.add(message.thread);
      arm();
    } else if (message.says === 'flushed') {
      armed.delete(message.thread);
    }
  };

  let offered: Config | undefined;
  /** A thread that starts has the settings of then. */
  const offer = (): void => {
    if (offered === settings.current) return;
    offered = settings.current;
    offerSetup({ ...place, config: offered });
  };
  offer();
  preloadInThreads(register, () => {
    offer();
    channel ??= openChannel(onMessage);
  });

  return {
    ...ALONE,
    telemetry: {
      arm,
      whenThreadJoins(callback) {
        onJoined = callback;
      },
    },
    takePending(timeoutMs) {
      if (channel === undefined) return [];
      const requests: PendingRequest[] = [];
      const sleep = new Int32Array(new SharedArrayBuffer(4));
      const end = performance.now() + timeoutMs;
      channel.postMessage({ says: 'flush' } satisfies Message);
      for (;;) {
        for (const message of receiveAll(channel)) {
          onMessage(message);
          if (message.says === 'flushed') requests.push(...message.requests);
        }
        if (![...armed].some(isAlive) || performance.now() >= end) return requests;
        Atomics.wait(sleep, 0, 0, PAUSE_MS);
      }
    },
  };
}
