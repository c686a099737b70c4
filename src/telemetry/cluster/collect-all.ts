import { setTimeout as delay } from 'node:timers/promises';
import type { Resource } from '@opentelemetry/resources';
import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import { ask } from './asks.js';
import { type MemberId, type Members, snapshotPath } from './members.js';
import { merge } from './merge.js';
import { tokenOf } from './snapshot.js';
import { labelled } from './worker-label.js';

/** How long a scrape waits for other processes. One that hangs is shown by its last snapshot and its calls. */
const TIMEOUT_MS = 200;
const PAUSE_MS = 3;

export interface Others {
  readonly directory: string;
  readonly members: Members;
  /** The files of this process, if it has any: it is read directly. */
  readonly id: MemberId | undefined;
  /** What the gauges of this process are labelled with. */
  readonly label: string;
  readonly resource: Resource;
}

/** Adds what the other processes of the cluster have measured to what this one has. */
export async function collectAll(
  collect: () => Promise<CollectionResult>,
  { directory, members, id, label, resource }: Others,
): Promise<CollectionResult> {
  const paths = members
    .living()
    .filter((each) => each !== id)
    .map((each) => snapshotPath(directory, each));
  const answered = paths.length === 0 ? undefined : untilAnswered(paths, ask(directory, 'snapshot'));
  const [{ resourceMetrics, errors }] = await Promise.all([collect(), answered]);
  const scopeMetrics = merge([...labelled(resourceMetrics.scopeMetrics, label), ...members.read(id)]);
  return { resourceMetrics: { resource, scopeMetrics }, errors };
}

async function untilAnswered(paths: readonly string[], token: number): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  let waiting = paths;
  while (performance.now() < end) {
    waiting = waiting.filter((path) => tokenOf(path) < token);
    if (waiting.length === 0) return;
    await delay(PAUSE_MS, undefined, { ref: false });
  }
}
