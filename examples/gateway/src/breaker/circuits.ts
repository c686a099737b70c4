import { EventEmitter } from 'node:events';
import type { Binding } from '../image.ts';
import type { Upstream } from '../upstream.ts';
import { Circuit } from './circuit.ts';
import { BUCKET_MS, type Threshold } from './threshold.ts';

/** Where a circuit leads, as metrics have it. */
export interface Place {
  readonly role: string;
  readonly method: string;
  readonly route: string;
}

export interface CircuitsOptions {
  readonly upstream: Upstream;
  /** The most that a call may take, in milliseconds. */
  readonly limitMs: number;
  readonly rejected: (place: Place) => void;
}

/** A circuit for each role and endpoint, from its first call on. */
export class Circuits {
  readonly #options: CircuitsOptions;
  readonly #circuits = new Map<string, { readonly place: Place; readonly circuit: Circuit | undefined }>();
  readonly #clock = new EventEmitter().setMaxListeners(0);
  readonly #ticking: NodeJS.Timeout;

  constructor(options: CircuitsOptions) {
    this.#options = options;
    this.#ticking = setInterval(() => this.#clock.emit('rotate'), BUCKET_MS).unref();
  }

  /** The circuit of a role to a binding. It starts anew when the threshold is no longer the same. */
  get(role: string, { verb, template }: Binding, threshold: Threshold): Circuit {
    const key = `${role} ${verb} ${template.text}`;
    const known = this.#circuits.get(key)?.circuit;
    if (known !== undefined && isSame(known.threshold, threshold)) return known;
    known?.retire();
    const { upstream, limitMs, rejected } = this.#options;
    const place = { role, method: verb, route: template.routes[0] ?? template.text };
    const circuit = new Circuit({
      upstream,
      threshold,
      clock: this.#clock,
      limitMs,
      rejected: () => rejected(place),
    });
    this.#circuits.set(key, { place, circuit });
    return circuit;
  }

  *[Symbol.iterator](): Generator<readonly [Place, Circuit['state']]> {
    for (const { place, circuit } of this.#circuits.values()) yield [place, circuit?.state ?? 'closed'];
  }

  /** Ends the circuits whose role has no threshold any more. They are reported as closed: an SDK repeats the last value. */
  keep(thresholds: ReadonlyMap<string, Threshold>): void {
    for (const [key, { place, circuit }] of this.#circuits) {
      if (thresholds.has(place.role)) continue;
      circuit?.retire();
      this.#circuits.set(key, { place, circuit: undefined });
    }
  }

  close(): void {
    clearInterval(this.#ticking);
    this.keep(new Map());
  }
}

function isSame(one: Threshold, other: Threshold): boolean {
  return (Object.keys(one) as (keyof Threshold)[]).every((key) => one[key] === other[key]);
}
