import type { ScopeMetrics } from '@opentelemetry/sdk-metrics';
import { log, reason } from '../../log.js';
import type { CallFile } from './call-file.js';
import type { Sources } from './part.js';
import { snapshotOf, writeSnapshot } from './snapshot.js';

const INTERVAL_MS = 1_000;
/** What changes without a call is saved less often, unless somebody asks. */
const IDLE_INTERVAL_MS = 10_000;
/** Snapshots take at most this part of the time of the process, however many series there are. */
const GREATEST_SHARE = 1 / 50;

export interface Snapshots {
  /** From now on there is something to save. Only the first call counts. */
  begin(sources: Sources): void;
  /** Saves everything for the request of this token. */
  answer(token: number): void;
  /** Saves the last values. Nothing waits for callbacks any more. */
  end(): void;
}

/** Keeps the snapshot of this process up to date. A timer does it, which does not keep the process alive. */
export function keepSnapshots(path: string, calls: CallFile): Snapshots {
  let sources: Sources | undefined;
  let timer: NodeJS.Timeout | undefined;
  let savedAt = Number.NEGATIVE_INFINITY;
  let asked = 0;
  let answered = 0;
  let isAnswering = false;

  const save = (read: () => readonly ScopeMetrics[]): void => {
    const start = performance.now();
    calls.hasChanged = false;
    try {
      calls.repair();
      writeSnapshot(path, answered, snapshotOf(read()));
    } catch (error) {
      // Without the directory the cluster is over.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.warn(
          `metrics: the snapshot of this worker cannot be saved (${reason(error)}); its page is out of date`,
        );
    }
    savedAt = performance.now();
    later((savedAt - start) / GREATEST_SHARE);
  };
  const later = (least: number): void => {
    clearTimeout(timer);
    timer = setTimeout(tick, Math.max(INTERVAL_MS, least)).unref();
  };
  const tick = (): void => {
    const isDue = calls.hasChanged || performance.now() - savedAt >= IDLE_INTERVAL_MS;
    if (isDue && sources !== undefined) save(sources.current);
    else later(0);
  };

  async function answerAll({ collect }: Sources): Promise<void> {
    while (answered < asked) {
      const token = asked;
      const { resourceMetrics } = await collect();
      answered = token;
      save(() => resourceMetrics.scopeMetrics);
    }
  }

  return {
    begin(given) {
      if (sources !== undefined) return;
      sources = given;
      tick();
    },
    answer(token) {
      asked = Math.max(asked, token);
      if (sources === undefined || isAnswering) return;
      isAnswering = true;
      answerAll(sources)
        .catch((error: unknown) =>
          log.warn(`metrics: this worker could not answer a scrape: ${reason(error)}`),
        )
        .finally(() => {
          isAnswering = false;
        });
    },
    end() {
      clearTimeout(timer);
      if (sources !== undefined) save(sources.current);
      clearTimeout(timer);
    },
  };
}
