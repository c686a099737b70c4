import type { BroadcastChannel, MessagePort } from 'node:worker_threads';
import type { PendingRequest } from '../telemetry/otlp/flush.js';

/** What the threads of this process have to say to each other. */
export type Message =
  /** Of a thread that is not observed: it listens on this port. */
  | { readonly says: 'listens'; readonly port: number }
  /** Of an observed thread: it has something to show. */
  | { readonly says: 'joined' }
  /** Of an observed thread: its end would lose something. `thread` is its id in the system. */
  | { readonly says: 'armed'; readonly thread: string }
  /** Of an observed thread: what it has to send, because it was asked or has sent the rest itself. */
  | { readonly says: 'flushed'; readonly thread: string; readonly requests: readonly PendingRequest[] }
  /** Of the main thread: the process ends. */
  | { readonly says: 'flush' };

const NAME = 'redhook.threads';

/** Reaches every other thread that has opened it, and keeps none alive. Node has loaded what it needs by then. */
export function openChannel(onMessage?: (message: Message) => void): BroadcastChannel {
  const { BroadcastChannel } = process.getBuiltinModule('node:worker_threads');
  const channel = new BroadcastChannel(NAME);
  if (onMessage !== undefined)
    channel.onmessage = ({ data }: { data: unknown }) => onMessage(data as Message);
  channel.unref();
  return channel;
}

/** What has arrived, for a thread that waits and therefore hears nothing. */
export function receiveAll(channel: BroadcastChannel): Message[] {
  const { receiveMessageOnPort } = process.getBuiltinModule('node:worker_threads');
  // It takes both, which its type does not say.
  const port = channel as unknown as MessagePort;
  const all: Message[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    all.push(next.message);
  return all;
}
