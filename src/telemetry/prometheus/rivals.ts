import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AddressInfo, Server } from 'node:net';
import { isOwn } from '../../calls/own-traffic.js';
import { log, reason } from '../../log.js';

const ASKS = 'tracing:net.server.listen:asyncStart';
const BOUND = 'tracing:net.server.listen:asyncEnd';
const FAILED = 'tracing:net.server.listen:error';

/** A host name is looked up before the bind. Not every failure to do so is published, so the wait has an end. */
const LONGEST_LOOKUP_MS = 60_000;

export interface Rivals {
  /** Whether a server of the application has asked for this port and does not have it yet. */
  want(port: number): boolean;
  stop(): void;
}

interface Asked {
  readonly port: number;
  readonly at: number;
}

/**
 * Watches the servers of the application that want a port. `giveWay` is called synchronously before one of them binds
 * `port`: when it asks, and when `own` gets a port that another one is still waiting for. `onBound` is called as soon as
 * `own` has a port, before any connection arrives there.
 */
export function watchRivals(
  own: Server,
  giveWay: (port: number) => void,
  onBound: () => void = () => {},
): Rivals {
  const waiting = new Map<Server, Asked>();
  const want = (port: number): boolean => {
    const since = performance.now() - LONGEST_LOOKUP_MS;
    for (const [server, { at }] of waiting) if (at < since) waiting.delete(server);
    return [...waiting.values()].some((asked) => asked.port === port);
  };

  const handlers: Record<string, (message: unknown) => void> = {
    [ASKS]: guarded((message) => {
      const { server, options } = message as { server: Server; options?: { port?: unknown } };
      if (server === own || isOwn(server)) return;
      // Also '9464', as it comes from the environment. Without a port (a path, a handle, any free port) it is 0.
      const port = Number(options?.port ?? 0);
      if (!(port > 0)) return;
      waiting.set(server, { port, at: performance.now() });
      giveWay(port);
    }),
    [BOUND]: guarded((message) => {
      const { server } = message as { server: Server };
      waiting.delete(server);
      if (server !== own) return;
      const { port } = server.address() as AddressInfo;
      if (want(port)) giveWay(port);
      else onBound();
    }),
    [FAILED]: guarded((message) => void waiting.delete((message as { server: Server }).server)),
  };
  for (const [channel, handler] of Object.entries(handlers)) subscribe(channel, handler);
  return {
    want,
    stop() {
      for (const [channel, handler] of Object.entries(handlers)) unsubscribe(channel, handler);
    },
  };
}

/** Node would throw what a subscriber throws into the application. */
function guarded(handle: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      handle(message);
    } catch (error) {
      log.error(`metrics: a server that listens was not noticed (${reason(error)})`);
    }
  };
}
