import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  DataPointType,
  type HistogramMetricData,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import type { Attributes } from '../../instrumentation.js';
import { log, reason } from '../../log.js';
import { isAlive, ownId } from '../../process-id.js';
import { DURATION_UNIT } from '../../semconv/convention.js';
import { histogramOf } from '../metrics/series.js';
import { SCOPE } from '../scope.js';
import { type CallCells, CallFileReader } from './call-file.js';
import { isMonotonic, keyOf, merge } from './merge.js';
import { decode, encode, readSnapshot, type Snapshot } from './snapshot.js';
import { labelled } from './worker-label.js';

/** `<label>_<process id>`: who writes a pair of files. The label is the id of the worker. */
export type MemberId = string;

/** What the members that have ended have counted. A later generation replaces the earlier ones. */
interface Ended {
  readonly scopeMetrics: readonly ScopeMetrics[];
  /** Those whose files are included here. Files of theirs that are still there count no more. */
  readonly included: readonly MemberId[];
}

const NOTHING: Ended = { scopeMetrics: [], included: [] };
const ATTEMPTS = 10;
const NO_TIME: HrTime = [0, 0];

export function callsPath(directory: string, id: MemberId): string {
  return join(directory, `${id}.calls`);
}

export function snapshotPath(directory: string, id: MemberId): string {
  return join(directory, `${id}.json`);
}

/** The processes of a cluster, as their files show them. */
export class Members {
  readonly #directory: string;
  readonly #maxSeries: number;
  readonly #readers = new Map<MemberId, CallFileReader>();
  readonly #attributes = new Map<string, Attributes>();
  #ended: { readonly generation: number; readonly content: Ended } = { generation: 0, content: NOTHING };

  constructor(directory: string, maxSeries: number) {
    this.#directory = directory;
    this.#maxSeries = maxSeries;
  }

  /** Those that run now. */
  living(): MemberId[] {
    return this.#list().ids.filter(isLiving);
  }

  /** What all members have measured but `except`, and what those counted that have ended. */
  read(except?: MemberId): ScopeMetrics[] {
    for (let attempt = 1; ; attempt += 1) {
      const { ids, generation } = this.#list();
      const parts = this.#parts(ids, generation, except);
      // Files are removed after a new generation that includes them has appeared. If there is none, nothing is missing.
      if (this.#list().generation === generation || attempt === ATTEMPTS) {
        this.#forget(ids);
        return parts;
      }
    }
  }

  /** Adds the counts of members that have ended to those of earlier ones, so that the number of files stays small. */
  absorb(): void {
    const { ids, generation } = this.#list();
    const { content } = this.#readEnded(generation);
    const dead = ids.filter((id) => !isLiving(id));
    const fresh = dead.filter((id) => !content.included.includes(id));
    if (fresh.length > 0) {
      const parts = [...content.scopeMetrics, ...fresh.flatMap((id) => this.#readMember(id))];
      const next = { scopeMetrics: merge(parts, this.#maxSeries), included: dead };
      if (!this.#publish(next, generation + 1)) return;
    }
    for (const id of dead) this.#remove(`${id}.calls`, `${id}.json`, `${id}.json.new`);
    this.#remove(...(fresh.length > 0 ? [endedName(generation)] : []));
  }

  /** A link fails if the name exists: of several processes that publish a generation at once, one succeeds. */
  #publish(content: Ended, generation: number): boolean {
    const draft = `${ownId()}.new`;
    writeFileSync(join(this.#directory, draft), encode(content), { mode: 0o600 });
    try {
      linkSync(join(this.#directory, draft), join(this.#directory, endedName(generation)));
    } catch {
      return false;
    } finally {
      this.#remove(draft);
    }
    if (this.#list().generation === generation) return true;
    // Others were two steps ahead, and had removed the generation of this number already.
    this.#remove(endedName(generation));
    return false;
  }

  #parts(ids: readonly MemberId[], generation: number, except: MemberId | undefined): ScopeMetrics[] {
    const { content } = this.#readEnded(generation);
    const included = new Set(content.included);
    const others = ids.filter((id) => id !== except && !included.has(id));
    return [...content.scopeMetrics, ...others.flatMap((id) => this.#readMember(id))];
  }

  #readMember(id: MemberId): ScopeMetrics[] {
    const snapshot = this.#try(() => readSnapshot(snapshotPath(this.#directory, id)));
    const calls = this.#try(() => this.#readerOf(id).read()) ?? [];
    const others = snapshot?.scopeMetrics ?? [];
    const scopes = [...others, { scope: SCOPE, metrics: histogramsOf(calls, snapshot) }];
    return isLiving(id) ? labelled(scopes, labelOf(id)) : lasting(scopes);
  }

  #readerOf(id: MemberId): CallFileReader {
    const known = this.#readers.get(id);
    if (known !== undefined) return known;
    const reader = new CallFileReader(callsPath(this.#directory, id), (attributes) =>
      this.#shared(attributes),
    );
    this.#readers.set(id, reader);
    return reader;
  }

  #shared(attributes: Attributes): Attributes {
    const key = keyOf(attributes);
    const known = this.#attributes.get(key);
    if (known !== undefined) return known;
    this.#attributes.set(key, Object.freeze(attributes));
    return attributes;
  }

  /** What was kept of members whose files are gone. Attributes are dropped all at once when they are too many. */
  #forget(ids: readonly MemberId[]): void {
    for (const id of this.#readers.keys()) if (!ids.includes(id)) this.#readers.delete(id);
    if (this.#attributes.size <= 10 * this.#maxSeries) return;
    this.#attributes.clear();
    this.#readers.clear();
  }

  #readEnded(generation: number): { readonly content: Ended } {
    if (this.#ended.generation !== generation) {
      const content =
        this.#try(() => decode<Ended>(readFileSync(join(this.#directory, endedName(generation)), 'utf8'))) ??
        NOTHING;
      this.#ended = { generation, content };
    }
    return this.#ended;
  }

  #list(): { readonly ids: MemberId[]; readonly generation: number } {
    const ids = new Set<MemberId>();
    let generation = 0;
    // A primary that has ended took the directory with it.
    for (const name of this.#try(() => readdirSync(this.#directory)) ?? []) {
      const id = /^(.+_.+)\.(?:calls|json)$/.exec(name)?.[1];
      if (id !== undefined) ids.add(id);
      generation = Math.max(generation, Number(/^ended-(\d+)\.json$/.exec(name)?.[1] ?? 0));
    }
    return { ids: [...ids], generation };
  }

  #remove(...names: string[]): void {
    for (const name of names) rmSync(join(this.#directory, name), { force: true });
  }

  /** A file may be removed between being listed and being read. What is wrong otherwise must not cost the page. */
  #try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.debug(`metrics: a file of the cluster cannot be read: ${reason(error)}`);
      return undefined;
    }
  }
}

function endedName(generation: number): string {
  return `ended-${generation}.json`;
}

function labelOf(id: MemberId): string {
  return id.slice(0, id.indexOf('_'));
}

function isLiving(id: MemberId): boolean {
  return isAlive(id.slice(id.indexOf('_') + 1));
}

/** What remains true of a process that has ended: what it has counted. */
function lasting(scopes: readonly ScopeMetrics[]): ScopeMetrics[] {
  return scopes.map(({ scope, metrics }) => ({ scope, metrics: metrics.filter(isMonotonic) }));
}

function histogramsOf(calls: readonly CallCells[], snapshot: Snapshot | undefined): HistogramMetricData[] {
  const exemplars = new Map(
    snapshot?.exemplars.map(({ histogram, attributes, exemplars }) => [
      `${histogram} ${keyOf(attributes)}`,
      exemplars,
    ]),
  );
  const byName = Map.groupBy(calls, ({ definition }) => definition.histogram);
  return Array.from(byName, ([name, series]) => ({
    descriptor: {
      name,
      description: series[0]?.definition.description ?? '',
      unit: DURATION_UNIT,
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: DataPointType.HISTOGRAM,
    dataPoints: series.map(({ definition: { boundaries, attributes }, cells }) => ({
      startTime: NO_TIME,
      endTime: NO_TIME,
      attributes,
      value: histogramOf(cells, boundaries),
      exemplars: exemplars.get(`${name} ${keyOf(attributes)}`) ?? [],
    })),
  }));
}
