/** The circuit against a model of its table: a list of calls, and a walk over all of it each time. */
import { EventEmitter } from 'node:events';
import { Metadata, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Circuit } from '../../../../examples/gateway/src/breaker/circuit.ts';
import { BUCKET_MS, type Threshold } from '../../../../examples/gateway/src/breaker/threshold.ts';
import { Refusal } from '../../../../examples/gateway/src/refusal.ts';
import type { Answer, Upstream } from '../../../../examples/gateway/src/upstream.ts';

const LIMIT_MS = 15_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Outcome = 'ok' | 'fault' | 'client error';

/** A backend whose calls last until the test ends them. */
function harness(threshold: Threshold) {
  const calls: ((outcome: Outcome | number) => void)[] = [];
  const upstream: Pick<Upstream, 'call'> = {
    call: () =>
      new Promise<Answer>((resolve, reject) => {
        calls.push((outcome) => {
          if (outcome === 'ok') resolve({ message: Buffer.alloc(0), metadata: new Metadata() });
          else if (outcome === 'fault') reject({ code: status.UNAVAILABLE });
          else if (outcome === 'client error') reject({ code: status.NOT_FOUND });
          else reject({ code: outcome });
        });
      }),
  };
  const clock = new EventEmitter();
  const ticking = setInterval(() => clock.emit('rotate'), BUCKET_MS);
  let rejections = 0;
  const circuit = new Circuit({
    upstream: upstream as Upstream,
    threshold,
    clock,
    limitMs: LIMIT_MS,
    rejected: () => {
      rejections += 1;
    },
  });
  return {
    circuit,
    rejections: () => rejections,
    /** Starts a call. Gives what ends it, or what it was refused with. */
    async start(grantedMs = LIMIT_MS): Promise<((outcome: Outcome | number) => Promise<void>) | Refusal> {
      const made = calls.length;
      const result = circuit.upstream
        .call({} as never, Buffer.alloc(0), {
          metadata: new Metadata(),
          deadline: new Date(Date.now() + grantedMs),
          signal: new AbortController().signal,
        })
        .catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(0);
      const end = calls[made];
      if (end === undefined) return (await result) as Refusal;
      return async (outcome) => {
        end(outcome);
        await result;
        await vi.advanceTimersByTimeAsync(0);
      };
    },
    async make(outcome: Outcome | number, times = 1, grantedMs?: number): Promise<void> {
      for (let i = 0; i < times; i += 1) {
        const end = await this.start(grantedMs);
        if (end instanceof Refusal) continue;
        await end(outcome);
      }
    },
    stop(): void {
      clearInterval(ticking);
      circuit.retire();
    },
  };
}

/** The row as a reader of the table understands it. It knows the time in milliseconds, and counts in whole seconds. */
class Model {
  readonly #row: Threshold;
  readonly #calls: { readonly second: number; failedIn?: number }[] = [];
  state: 'closed' | 'half_open' | 'open' = 'closed';
  #triesAt = 0;
  #isProbing = false;

  constructor(row: Threshold) {
    this.#row = row;
  }

  /** Gives the number of the call, or nothing if it is not made. */
  start(now: number): number | undefined {
    this.#wake(now);
    if (this.state === 'open' || (this.state === 'half_open' && this.#isProbing)) return undefined;
    this.#isProbing = this.state === 'half_open';
    this.#calls.push({ second: Math.floor(now / 1_000) });
    return this.#calls.length - 1;
  }

  end(call: number, outcome: Outcome, now: number): void {
    this.#wake(now);
    if (outcome !== 'fault') {
      if (this.state === 'half_open') this.state = 'closed';
      return;
    }
    const second = Math.floor(now / 1_000);
    Object.assign(this.#calls[call] as object, { failedIn: second });
    const first = second - this.#row.window_s + 1;
    const made = this.#calls.filter((each) => each.second >= first).length;
    const failed = this.#calls.filter(({ failedIn = Number.NEGATIVE_INFINITY }) => failedIn >= first).length;
    const isMuch =
      failed / made >= this.#row.failure_rate &&
      made >= Math.round(this.#row.max_failures / this.#row.failure_rate);
    if (this.state === 'half_open' || (this.state === 'closed' && isMuch)) {
      this.state = 'open';
      this.#triesAt = now + this.#row.open_s * 1_000;
    }
  }

  look(now: number): Model['state'] {
    this.#wake(now);
    return this.state;
  }

  #wake(now: number): void {
    if (this.state !== 'open' || now < this.#triesAt) return;
    this.state = 'half_open';
    this.#isProbing = false;
  }
}

const ROWS = fc.record({
  failure_rate: fc.constantFrom(0.1, 1 / 3, 0.5, 0.6, 0.8, 1),
  window_s: fc.integer({ min: 1, max: 12 }),
  max_failures: fc.integer({ min: 1, max: 6 }),
  open_s: fc.integer({ min: 1, max: 20 }),
});
const OUTCOMES = fc.constantFrom<Outcome>('ok', 'fault', 'fault', 'client error');
const STEPS = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('make' as const),
      times: fc.integer({ min: 1, max: 9 }),
      outcome: OUTCOMES,
    }),
    fc.record({ kind: fc.constant('start' as const) }),
    fc.record({ kind: fc.constant('end' as const), which: fc.nat(20), outcome: OUTCOMES }),
    // Most of the time little passes, and sometimes more than any window.
    fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: 1, max: 1_500 }), fc.constantFrom(10_000, 60_000)),
    }),
  ),
  { maxLength: 40, size: 'max' },
);

test('makes and refuses the same calls as the model', { timeout: 60_000 }, async () => {
  let opened = 0;
  let probes = 0;
  await fc.assert(
    fc.asyncProperty(ROWS, STEPS, async (row, steps) => {
      // Between the ticks, so that no step falls on one.
      vi.setSystemTime(0);
      const real = harness(row);
      await vi.advanceTimersByTimeAsync(1);
      const model = new Model(row);
      const pending: { end: (outcome: Outcome) => Promise<void>; call: number }[] = [];
      const start = async (): Promise<void> => {
        const wasHalfOpen = model.look(Date.now()) === 'half_open';
        const call = model.start(Date.now());
        const end = await real.start();
        expect(typeof end === 'function').toBe(call !== undefined);
        if (typeof end === 'function' && call !== undefined) pending.push({ end, call });
        if (wasHalfOpen && call !== undefined) probes += 1;
      };
      const end = async (which: number, outcome: Outcome): Promise<void> => {
        const [ended] = pending.splice(which, 1);
        if (ended === undefined) return;
        model.end(ended.call, outcome, Date.now());
        await ended.end(outcome);
      };
      for (const step of steps) {
        const before = model.state;
        if (step.kind === 'wait') await vi.advanceTimersByTimeAsync(step.ms);
        else if (step.kind === 'end') await end(step.which % (pending.length || 1), step.outcome);
        else if (step.kind === 'start') await start();
        else {
          for (let i = 0; i < step.times; i += 1) {
            const count = pending.length;
            await start();
            if (pending.length > count) await end(count, step.outcome);
          }
        }
        expect(real.circuit.state).toBe(model.look(Date.now()));
        if (before !== 'open' && model.state === 'open') opened += 1;
      }
      real.stop();
    }),
    { numRuns: 300 },
  );
  // The steps lead to what is to be seen.
  expect(opened).toBeGreaterThan(50);
  expect(probes).toBeGreaterThan(25);
});

const ROW: Threshold = { failure_rate: 0.6, window_s: 30, max_failures: 9, open_s: 15 };

test('opens at 9 failures among 15 calls, and not at 8 among 15 or 9 among 16', async () => {
  for (const [ok, failed, expected] of [
    [6, 9, 'open'],
    [7, 8, 'closed'],
    [7, 9, 'closed'],
    [0, 14, 'closed'],
    [0, 15, 'open'],
  ] as const) {
    const real = harness(ROW);
    await real.make('ok', ok);
    await real.make('fault', failed);
    expect([ok, failed, real.circuit.state]).toEqual([ok, failed, expected]);
    real.stop();
  }
});

test('an hour without calls empties the window', async () => {
  const real = harness(ROW);
  await real.make('fault', 14);
  await vi.advanceTimersByTimeAsync(3_600_000);
  await real.make('fault', 1);
  expect(real.circuit.state).toBe('closed');
  real.stop();
});

test('says in how many seconds to come again, and lets one call try', async () => {
  const real = harness(ROW);
  await real.make('fault', 15);
  await vi.advanceTimersByTimeAsync(5_500);
  const refusal = (await real.start()) as Refusal;
  expect([refusal.code, refusal.headers['retry-after']]).toEqual([status.UNAVAILABLE, '10']);
  await vi.advanceTimersByTimeAsync(9_500);
  const probe = await real.start();
  const second = (await real.start()) as Refusal;
  expect([typeof probe, second.headers['retry-after'], real.rejections()]).toEqual(['function', '1', 2]);
  await (probe as (outcome: Outcome) => Promise<void>)('ok');
  expect(real.circuit.state).toBe('closed');
  real.stop();
});

test.each([
  ['what the client asked for wrongly', 'closed', status.INVALID_ARGUMENT, LIMIT_MS],
  ['what does not exist', 'closed', status.UNIMPLEMENTED, LIMIT_MS],
  ['a quota', 'closed', status.RESOURCE_EXHAUSTED, LIMIT_MS],
  ['a client that leaves', 'closed', status.CANCELLED, LIMIT_MS],
  ['a deadline that the client has set short', 'closed', status.DEADLINE_EXCEEDED, 10],
  ['a deadline of the gateway', 'open', status.DEADLINE_EXCEEDED, LIMIT_MS],
  ['a backend that is away', 'open', status.UNAVAILABLE, LIMIT_MS],
  ['a backend that fails', 'open', status.INTERNAL, LIMIT_MS],
] as const)('%s leaves the circuit %s', async (_, expected, code, grantedMs) => {
  const real = harness(ROW);
  await real.make(code, 20, grantedMs);
  expect(real.circuit.state).toBe(expected);
  real.stop();
});

test('a probe that the client gives up does not close the circuit', async () => {
  const real = harness(ROW);
  await real.make('fault', 15);
  await vi.advanceTimersByTimeAsync(15_000);
  await real.make(status.CANCELLED);
  expect(real.circuit.state).toBe('open');
  real.stop();
});

/** A stream that nobody reads yet, by the events of grpc-js. */
function streams(threshold: Threshold) {
  const clock = new EventEmitter();
  const made: EventEmitter[] = [];
  const stream = () => made[made.push(new EventEmitter()) - 1];
  const upstream = { stream } as unknown as Upstream;
  const circuit = new Circuit({ upstream, threshold, clock, limitMs: LIMIT_MS, rejected() {} });
  const start = (): EventEmitter =>
    circuit.upstream.stream({} as never, Buffer.alloc(0), {
      metadata: new Metadata(),
      deadline: new Date(Date.now() + LIMIT_MS),
      signal: new AbortController().signal,
    });
  const tell = async (stream: EventEmitter, event: string, value?: unknown): Promise<void> => {
    stream.once('error', () => {});
    stream.emit(event, value);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { circuit, start, tell };
}

test('a stream has succeeded when its backend answers, and what comes later does not count', async () => {
  const { circuit, start, tell } = streams({ ...ROW, failure_rate: 0.5, max_failures: 1 });
  for (let i = 0; i < 4; i += 1) {
    const stream = start();
    await tell(stream, 'metadata');
    await tell(stream, 'error', { code: status.UNAVAILABLE });
    expect(stream.listenerCount('metadata') + stream.listenerCount('end')).toBe(0);
  }
  expect(circuit.state).toBe('closed');
  circuit.retire();
});

test('a stream that fails before its first answer is a failure, and an open circuit starts none', async () => {
  const { circuit, start, tell } = streams({ ...ROW, failure_rate: 1, max_failures: 2 });
  for (let i = 0; i < 2; i += 1) await tell(start(), 'error', { code: status.UNAVAILABLE });
  expect(circuit.state).toBe('open');
  expect(start).toThrow(Refusal);

  // The probe may be a stream that goes on for long.
  await vi.advanceTimersByTimeAsync(ROW.open_s * 1_000);
  const probe = start();
  expect(start).toThrow(Refusal);
  await tell(probe, 'metadata');
  expect(circuit.state).toBe('closed');
  circuit.retire();
});
