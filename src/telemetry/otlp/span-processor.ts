import { AsyncLocalStorage } from 'node:async_hooks';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { OtlpExporter, QueueConfig } from '../../config/config.js';
import { log, reason } from '../../log.js';
import type { InternalCounter } from '../metrics/internal.js';
import { CallSpan } from '../traces/call-span.js';
import { isSampled } from '../traces/sampled.js';
import { backoffMs } from './backoff.js';
import { CallSpanEncoder, EncodedSpan } from './encoding/call-span-encoder.js';
import { encodeSpans, type QueuedSpan } from './encoding/encode-spans.js';
import { type Outage, watchOutage } from './outage.js';
import { partialSuccess } from './partial-success.js';
import { RingBuffer } from './ring-buffer.js';
import { createSender } from './transport/sender.js';
import type { Transport } from './transport/transport.js';

export interface OtlpSpanProcessorOptions {
  readonly exporter: OtlpExporter;
  readonly queue: QueueConfig;
  /** For the spans of calls. Other spans carry their own. */
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  /**
   * Counts the spans that will never arrive. The `reason` is `queue_full`, `rejected` (by the receiver, or because the
   * span cannot be sent at all) or `exit` (the span ended after `shutdown`).
   */
  readonly dropped: InternalCounter;
}

const QUEUE_FULL = { reason: 'queue_full' };
const REJECTED = { reason: 'rejected' };
const EXIT = { reason: 'exit' };

/**
 * Delivers finished spans to one OTLP endpoint, at least once. Spans stay in a bounded queue until the receiver has
 * acknowledged them, so the collector may be down for a while. One request is in flight at a time. The queue does not
 * keep the process alive, except while the application awaits `forceFlush` or `shutdown`.
 */
export class OtlpSpanProcessor implements SpanProcessor {
  readonly #timeoutMs: number;
  readonly #maxBatch: number;
  readonly #delayMs: number;
  readonly #dropped: InternalCounter;
  readonly #ring: RingBuffer<QueuedSpan>;
  readonly #encoder: CallSpanEncoder;
  readonly #sender: Transport;
  readonly #outage: Outage;
  readonly #consequence: string;
  /** Runs a function outside the application's request, so that our connection does not retain its async stores. */
  readonly #outsideRequests = AsyncLocalStorage.snapshot();
  #timer: NodeJS.Timeout | undefined;
  #exporting: Promise<boolean> | undefined;
  /** Failed attempts in a row. */
  #failures = 0;
  /** How many spans have left the queue so far, delivered or dropped. */
  #released = 0;
  #closed = false;

  constructor({ exporter, queue, resource, scope, dropped }: OtlpSpanProcessorOptions) {
    this.#timeoutMs = exporter.timeoutMs;
    this.#maxBatch = queue.maxBatch;
    this.#delayMs = queue.delayMs;
    this.#dropped = dropped;
    this.#ring = new RingBuffer(queue.maxSize);
    this.#encoder = new CallSpanEncoder(resource, scope);
    this.#sender = createSender(exporter, 'traces');
    this.#consequence = `spans wait in a queue of ${queue.maxSize}; any more are dropped and counted`;
    this.#outage = watchOutage(exporter, 'traces');
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (!isSampled(span.spanContext())) return;
    if (this.#closed) {
      this.#dropped.add(1, EXIT);
    } else if (this.#ring.isFull) {
      this.#dropped.add(1, QUEUE_FULL);
    } else {
      this.#ring.push(span instanceof CallSpan ? this.#encoder.encode(span) : span);
      this.#wake();
    }
  }

  /** Tries to deliver the spans that are queued now. Resolves on success, on failure, or after `timeoutMs`. */
  async forceFlush(): Promise<void> {
    const goal = this.#released + this.#ring.size;
    const deliver = async () => {
      while (this.#released < goal && (await this.#export()));
    };
    await waitAtMost(this.#timeoutMs, deliver());
  }

  /** Flushes and accepts no more spans. Spans that were not delivered are still `pending`. */
  async shutdown(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.forceFlush();
    clearTimeout(this.#timer);
    this.#sender.close();
  }

  /** Encoded requests with all unacknowledged spans, queued or in flight, for the flush at exit. */
  pending(): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    let spans = this.#ring.oldest(this.#ring.size);
    while (spans.length > 0) {
      const { body, count } = encodeSpans(spans.slice(0, this.#maxBatch), this.#encoder);
      if (body !== undefined) bodies.push(Buffer.concat(body));
      spans = spans.slice(count);
    }
    return bodies;
  }

  /** Schedules an export after a span was queued: a full batch leaves at once, a smaller one after the delay. */
  #wake(): void {
    // An export in flight, or the retry after a failed one, schedules the next export itself.
    if (this.#exporting !== undefined || this.#failures > 0) return;
    if (this.#ring.size === this.#maxBatch) this.#exportIn(0);
    else if (this.#timer === undefined) this.#exportIn(this.#delayMs);
  }

  #exportIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#outsideRequests(() => setTimeout(() => void this.#export(), ms).unref());
  }

  /** Exports one batch, or joins the export in flight. Resolves to false when the receiver needs a pause. */
  #export(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#exporting ??= this.#exportBatch()
      .catch((error) => {
        log.error(`traces: an export failed: ${reason(error)}`);
        this.#failures += 1;
        return undefined;
      })
      .then((requestedDelayMs) => {
        this.#exporting = undefined;
        this.#scheduleNext(requestedDelayMs);
        return this.#failures === 0;
      });
    return this.#exporting;
  }

  #scheduleNext(requestedDelayMs: number | undefined): void {
    if (this.#closed || this.#ring.size === 0) return;
    if (this.#failures > 0) this.#exportIn(backoffMs(this.#failures, requestedDelayMs));
    else this.#exportIn(this.#ring.size >= this.#maxBatch ? 0 : this.#delayMs);
  }

  /** Resolves to the delay that the receiver requested, in milliseconds, if any. */
  async #exportBatch(): Promise<number | undefined> {
    if (this.#ring.size === 0) return undefined;
    const spans = this.#ring.oldest(this.#maxBatch);
    const { body, count } = encodeSpans(spans, this.#encoder);
    if (body === undefined) {
      this.#release(count);
      this.#reject(count, 'a span cannot be encoded or exceeds the size limit of a request');
      return undefined;
    }
    const result = await this.#outsideRequests(() => this.#sender.send(body));
    if (result.status === 'retryable') {
      this.#failures += 1;
      this.#outage.failed(result.reason, this.#consequence);
      return result.retryInMillis;
    }
    this.#failures = 0;
    this.#outage.succeeded();
    this.#release(count);
    if (result.status === 'failure') {
      this.#reject(count, result.reason);
    } else {
      this.#encoder.recycle(spans.slice(0, count).filter((span) => span instanceof EncodedSpan));
      this.#readResponse(result.data);
    }
    return undefined;
  }

  #release(count: number): void {
    this.#ring.drop(count);
    this.#released += count;
  }

  #readResponse(response: Uint8Array): void {
    const { rejected, message } = partialSuccess(response);
    if (rejected > 0) this.#reject(rejected, message);
    else if (message !== '') this.#outage.warned(message);
  }

  #reject(count: number, cause: string): void {
    this.#dropped.add(count, REJECTED);
    this.#outage.rejected(cause, 'rejected spans are dropped and counted');
  }
}

/** Waits for `work`, for `ms` at most. The timer keeps the process alive, because the application awaits the result. */
async function waitAtMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
