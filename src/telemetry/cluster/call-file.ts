import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Attributes } from '../../instrumentation.js';
import { log, reason } from '../../log.js';
import type { SeriesDefinition } from '../metrics/series.js';

/**
 * A file of records, one for each series: the lengths of its two parts, the definition as JSON, and the cells. A record
 * is added in one write, and from then on only its cells change, so a reader needs no lock.
 */
const HEADER = 8;
const CELL = Float64Array.BYTES_PER_ELEMENT;

interface Entry {
  readonly position: number;
  readonly definition: Buffer;
  readonly cells: Float64Array;
  readonly bytes: Uint8Array;
}

/** Writes the numbers of calls where they outlive this process, however it ends. */
export class CallFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #entries: Entry[] = [];
  // Taken once: the application may replace the functions of node:fs, and this is called for every call.
  readonly #write = writeSync;
  #end = 0;
  #isBroken = false;
  /** Whether anything was written since this was last set to false. */
  hasChanged = false;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'wx', 0o600);
  }

  /** Adds a series. Call the function that is returned after each change of `cells`. */
  add(definition: SeriesDefinition, cells: Float64Array): () => void {
    const json = Buffer.from(JSON.stringify(definition));
    const entry = { position: this.#end, definition: json, cells, bytes: new Uint8Array(cells.buffer) };
    this.#entries.push(entry);
    this.#end += HEADER + json.length + entry.bytes.length;
    this.#try(() => this.#append(entry));
    const at = this.#end - entry.bytes.length;
    return () => {
      this.hasChanged = true;
      if (this.#isBroken) return;
      try {
        this.#write(this.#fd, entry.bytes, 0, entry.bytes.length, at);
      } catch (error) {
        this.#fail(error);
      }
    };
  }

  /** After a failure, such as a full disk, writes everything again. */
  repair(): void {
    if (!this.#isBroken) return;
    this.#isBroken = false;
    this.#try(() => {
      for (const entry of this.#entries) this.#append(entry);
    });
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append({ position, definition, cells, bytes }: Entry): void {
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(definition.length, 0);
    header.writeUInt32LE(cells.length, 4);
    const record = Buffer.concat([header, definition, bytes]);
    this.#write(this.#fd, record, 0, record.length, position);
  }

  #try(write: () => void): void {
    if (this.#isBroken) return;
    try {
      write();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#isBroken = true;
    log.warn(
      `metrics: ${this.#path} cannot be written (${reason(error)}); the page of the cluster lags behind, ` +
        'trying again every second',
      'a file of the cluster cannot be written',
    );
  }
}

/** The numbers of one series of another process. */
export interface CallCells {
  readonly definition: SeriesDefinition;
  /** The count of each bucket, then the sum. */
  readonly cells: Float64Array;
}

/** Reads the file of a process, again and again. A definition is parsed once, because it never changes. */
export class CallFileReader {
  readonly #path: string;
  readonly #definitions = new Map<number, SeriesDefinition>();
  readonly #attributes: (attributes: Attributes) => Attributes;

  /** `attributes` returns the same object for equal attributes, so that what is made of them can be cached. */
  constructor(path: string, attributes: (attributes: Attributes) => Attributes) {
    this.#path = path;
    this.#attributes = attributes;
  }

  read(): CallCells[] {
    const file = readFileSync(this.#path);
    const found: CallCells[] = [];
    let position = 0;
    while (position + HEADER <= file.length) {
      const json = position + HEADER;
      const start = json + file.readUInt32LE(position);
      const end = start + CELL * file.readUInt32LE(position + 4);
      // The last record may be about to be written.
      if (start === json || end > file.length) break;
      const definition =
        this.#definitions.get(position) ?? this.#parse(position, file.toString('utf8', json, start));
      found.push({ definition, cells: new Float64Array(new Uint8Array(file.subarray(start, end)).buffer) });
      position = end;
    }
    return found;
  }

  #parse(position: number, json: string): SeriesDefinition {
    const parsed = JSON.parse(json) as SeriesDefinition;
    const definition = { ...parsed, attributes: this.#attributes(parsed.attributes) };
    this.#definitions.set(position, definition);
    return definition;
  }
}
