import type { HrTime } from '@opentelemetry/api';

interface Known {
  readonly start: HrTime;
  readonly value: number;
}

/**
 * When each cumulative series of a foreign page began: at its first reading, or at the reading in which its value had
 * fallen, because its exporter had started again. Only the series of the last page are remembered.
 */
export class StartTimes {
  #known = new Map<string, Known>();
  #read = new Map<string, Known>();

  /** The start of a series whose value is `value` at `now`. */
  of(series: string, value: number, now: HrTime): HrTime {
    const known = this.#known.get(series);
    const start = known === undefined || value < known.value ? now : known.start;
    this.#read.set(series, { start, value });
    return start;
  }

  /** Ends a page. A page without any series has failed, and changes nothing. */
  endPage(): void {
    if (this.#read.size === 0) return;
    this.#known = this.#read;
    this.#read = new Map();
  }
}
