import { type FSWatcher, readdirSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownId } from '../../process-id.js';

/** What a process of a cluster may ask the others for. The last word of each is its time. */
export type Ask =
  /** New values of everything, for a scrape. */
  | 'snapshot'
  /** The metrics page, because there is something to show. */
  | 'serve'
  /** The port of the page, because the application wants it. */
  | 'release';

const POLL_MS = 1_000;

/** Asks all other processes. Returns the token of this request; a later one has a greater token. */
export function ask(directory: string, what: Ask): number {
  const token = performance.timeOrigin + performance.now();
  const draft = join(directory, `${ownId()}.ask`);
  writeFileSync(draft, String(token), { mode: 0o600 });
  renameSync(draft, join(directory, 'asks', what));
  return token;
}

export interface Listening {
  /** Whether requests arrive at once. Otherwise they are found about once a second. */
  readonly isPrompt: boolean;
  stop(): void;
}

/**
 * Calls `onAsk` for each request of another process, and for those from before. A directory is watched instead of a
 * channel of messages, because the primary of a cluster may run without Redhook.
 */
export function whenAsked(directory: string, onAsk: (what: Ask, token: number) => void): Listening {
  const asks = join(directory, 'asks');
  const known = new Map<string, number>();
  const look = (): void => {
    for (const what of namesIn(asks)) {
      const token = tokenIn(join(asks, what));
      if (token === undefined || known.get(what) === token) continue;
      known.set(what, token);
      onAsk(what as Ask, token);
    }
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(asks, { persistent: false }, look).on('error', () => watcher?.close());
  } catch {
    // There are limits to how many directories a user may watch.
  }
  const timer = watcher === undefined ? setInterval(look, POLL_MS).unref() : undefined;
  look();
  return {
    isPrompt: watcher !== undefined,
    stop() {
      watcher?.close();
      clearInterval(timer);
    },
  };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // The cluster is over.
    return [];
  }
}

function tokenIn(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'latin1'));
  } catch {
    return undefined;
  }
}
