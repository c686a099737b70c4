import { once } from 'node:events';
import { type ClientReadableStream, status } from '@grpc/grpc-js';
import CircuitBreaker from 'opossum';
import { Refusal } from '../refusal.ts';
import type { CallOptions, Upstream } from '../upstream.ts';
import { isFault } from './fault.ts';
import { breakerOptions, type Threshold } from './threshold.ts';

export interface CircuitOptions {
  readonly upstream: Upstream;
  readonly threshold: Threshold;
  /** Moves the windows of all circuits on. */
  readonly clock: NonNullable<CircuitBreaker.Options['rotateBucketController']>;
  /** The most that a call may take, in milliseconds. */
  readonly limitMs: number;
  /** Told of each call that is not made. */
  readonly rejected: () => void;
}

/** What came of a call, for which the backend is not to blame if it failed. */
type Outcome = { readonly answer: unknown } | { readonly error: unknown };

/** The way to a backend for one role and one endpoint, which is closed for a while when too many calls fail. */
export class Circuit {
  readonly upstream: Upstream;
  readonly threshold: Threshold;
  readonly #breaker: CircuitBreaker<[action: () => Promise<Outcome>], Outcome>;
  readonly #limitMs: number;
  readonly #rejected: () => void;
  #openUntil = 0;
  #isRetired = false;

  constructor({ upstream, threshold, clock, limitMs, rejected }: CircuitOptions) {
    this.#breaker = new CircuitBreaker((action) => action(), {
      ...breakerOptions(threshold),
      rotateBucketController: clock,
    });
    this.#breaker.on('open', () => {
      this.#openUntil = Date.now() + threshold.open_s * 1_000;
    });
    this.#limitMs = limitMs;
    this.#rejected = rejected;
    this.threshold = threshold;
    this.upstream = {
      call: async (binding, request, options) => {
        this.check();
        return this.#fire(options, () => upstream.call(binding, request, options));
      },
      stream: (binding, request, options) => {
        this.check();
        const call = upstream.stream(binding, request, options);
        // Who reads the stream sees its errors.
        this.#fire(options, () => startOf(call)).catch(() => {});
        return call;
      },
      close: () => upstream.close(),
    };
  }

  get state(): 'closed' | 'half_open' | 'open' {
    if (this.#breaker.opened) return 'open';
    return this.#breaker.halfOpen ? 'half_open' : 'closed';
  }

  /** Throws while no call may be made. */
  check(): void {
    if (this.#isPassable()) return;
    this.#rejected();
    throw this.#refusal();
  }

  /** Another one stands in its place. Requests that are under way go on. */
  retire(): void {
    this.#isRetired = true;
    this.#breaker.shutdown();
  }

  /** Takes calls that are made alone: opossum would count the others among those that did not fail. */
  async #fire<T>({ deadline }: CallOptions, action: () => Promise<T>): Promise<T> {
    if (this.#isRetired) return action();
    const grantedMs = deadline.getTime() - Date.now();
    const outcome = await this.#breaker.fire(async () => {
      try {
        return { answer: await action() };
      } catch (error) {
        if (this.#isFailure(error, grantedMs)) throw error;
        return { error };
      }
    });
    if ('error' in outcome) throw outcome.error;
    return outcome.answer as T;
  }

  #isFailure(error: unknown, grantedMs: number): boolean {
    // A probe that the client gives up has shown nothing.
    const isLostProbe = this.#breaker.halfOpen && (error as { code?: unknown }).code === status.CANCELLED;
    return isLostProbe || isFault(error, grantedMs, this.#limitMs);
  }

  #isPassable(): boolean {
    return this.#breaker.closed || this.#breaker.pendingClose || this.#isRetired;
  }

  #refusal(): Refusal {
    const seconds = Math.max(1, Math.ceil((this.#openUntil - Date.now()) / 1_000));
    return new Refusal(
      status.UNAVAILABLE,
      'open_circuit',
      'too many calls have failed; this one was not made',
      { 'retry-after': String(seconds) },
    );
  }
}

/** When a stream has shown that its backend answers: an open stream may go on for hours. */
async function startOf(call: ClientReadableStream<Buffer>): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(call, 'metadata', { signal }), once(call, 'end', { signal })]);
  } finally {
    over.abort();
  }
}
