import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { log, reason } from '../../log.js';
import { backoffMs } from './backoff.js';
import { type EncodedPoints, encodePoints } from './encoding/encode-points.js';
import { countPoints } from './encoding/slice-metrics.js';
import type { Outage } from './outage.js';
import { partialSuccess } from './partial-success.js';
import type { RequestSize } from './request-size.js';
import type { Failure, Retryable } from './transport/export-response.js';
import type { Transport } from './transport/transport.js';

const CONSEQUENCE = 'the next push carries the totals';
/** How many requests in a row may be refused before the rest is given up, as for spans. */
const MAX_REFUSALS = 24;

export interface MetricPushOptions {
  readonly metrics: ResourceMetrics;
  readonly sender: Transport;
  readonly outage: Outage;
  /** Shared by all pushes, which learn from each other. */
  readonly size: RequestSize;
  readonly timeoutMs: number;
}

/**
 * The delivery of all metrics of one moment, in as many requests as their size needs. What fails is retried for
 * `timeoutMs`; what is refused is halved, so that one bad point costs no others.
 */
export class MetricPush {
  readonly #options: MetricPushOptions;
  readonly #end: number;
  /** How many points are delivered or refused. */
  #done = 0;
  #failures = 0;
  #refusals = 0;
  /** After a refusal, how many points the next request may have. */
  #most = Number.POSITIVE_INFINITY;
  #refusal: string | undefined;

  constructor(options: MetricPushOptions) {
    this.#options = options;
    this.#end = performance.now() + options.timeoutMs;
  }

  /** Throws if not all points were delivered. The reason has then been logged. */
  async run(): Promise<void> {
    const { metrics, sender } = this.#options;
    const total = countPoints(metrics.scopeMetrics);
    do {
      const { body, count } = this.#encode();
      const result = await sender.send([body]);
      if (result.status === 'retryable') await this.#pause(result, count);
      else if (result.status === 'failure') this.#refuse(result, body.length, count);
      else this.#accept(result.data, body.length, count);
    } while (this.#done < total);
    if (this.#refusal !== undefined) throw new Error(this.#refusal);
  }

  #encode(): EncodedPoints {
    const { metrics, size } = this.#options;
    try {
      return encodePoints(metrics, this.#done, Math.min(this.#most, size.items), size.bytes);
    } catch (error) {
      log.error(`metrics: cannot be encoded (${reason(error)}); ${CONSEQUENCE}`);
      throw error;
    }
  }

  async #pause({ reason: cause, retryInMillis, progress }: Retryable, count: number): Promise<void> {
    this.#failures += 1;
    this.#options.outage.failed(cause, CONSEQUENCE);
    if (progress === 'sent') this.#options.size.timedOut(count);
    const delay = backoffMs(this.#failures, retryInMillis);
    if (performance.now() + delay > this.#end) throw new Error(cause);
    await sleep(delay, undefined, { ref: false });
  }

  #accept(response: Uint8Array, bytes: number, count: number): void {
    const { outage, size } = this.#options;
    this.#failures = 0;
    this.#refusals = 0;
    this.#most = Number.POSITIVE_INFINITY;
    this.#done += count;
    size.accepted(bytes);
    outage.succeeded();
    const { rejected, message } = partialSuccess(response);
    if (rejected > 0) outage.rejected(message, CONSEQUENCE);
    else if (message !== '') outage.warned(message);
  }

  #refuse({ reason: cause, because }: Failure, bytes: number, count: number): void {
    const { outage, size } = this.#options;
    this.#failures = 0;
    this.#refusals += 1;
    outage.succeeded();
    if (because === 'size') size.tooLarge(bytes);
    const mayPassInParts = because !== undefined && this.#refusals <= MAX_REFUSALS;
    if (mayPassInParts && count > 1) {
      if (because === 'size') outage.tooLarge(bytes, cause);
      this.#most = Math.ceil(count / 2);
      return;
    }
    outage.rejected(cause, CONSEQUENCE);
    if (!mayPassInParts) throw new Error(cause);
    this.#refusal = cause;
    this.#done += count;
  }
}
