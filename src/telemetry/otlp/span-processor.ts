import { AsyncLocalStorage } from 'node:async_hooks';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { OtlpExporter, QueueConfig } from '../../config/config.js';
import { log, reason } from '../../log.js';
import type { InternalCounter } from '../metrics/internal.js';
import { CallSpan } from '../traces/call-span.js';
import { isExported } from '../traces/sampled.js';
import { backoffMs } from './backoff.js';
import { type Batch, Batches } from './batches.js';
import { CallSpanEncoder, EncodedSpan } from './encoding/call-span-encoder.js';
import { type EncodedRequest, encodeSpans, type QueuedSpan } from './encoding/encode-spans.js';
import { type Outage, watchOutage } from './outage.js';
import { partialSuccess } from './partial-success.js';
import { RequestSize } from './request-size.js';
import { RingBuffer } from './ring-buffer.js';
import type { Failure, Retryable } from './transport/export-response.js';
import { createSender } from './transport/sender.js';
import { sizeOf, type Transport } from './transport/transport.js';

export interface OtlpSpanProcessorOptions {
  readonly exporter: OtlpExporter;
  readonly queue: QueueConfig;
  /** For the spans of calls. Other spans carry their own. */
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  /**
   * Counts the spans that will never arrive. The `reason` is `queue_full`, `rejected` (by the receiver, or because the
   * span cannot be sent at all), `undeliverable` (after many attempts) or `exit` (the span ended after `shutdown`).
   */
  readonly dropped: InternalCounter;
}

/** An encoded request, and how many spans it carries. */
interface PendingSpans {
  readonly body: Uint8Array;
  readonly spans: number;
}

const QUEUE_FULL = { reason: 'queue_full' };
const REJECTED = { reason: 'rejected' };
const UNDELIVERABLE = { reason: 'undeliverable' };
const EXIT = { reason: 'exit' };

/** About eight minutes. Attempts without a connection do not count: they may go on for ever. */
const MAX_ATTEMPTS = 20;
/** For a span that fails alone while others pass. */
const MAX_ATTEMPTS_ALONE = 5;
/**
 * How many requests in a row may be refused before a refused batch is dropped as a whole. Enough to find one bad span
 * in a batch of any size; a receiver that has refused all of them refuses everything.
 */
const MAX_REFUSALS = 24;

/**
 * Delivers finished spans to one OTLP endpoint, at least once. Spans stay in a bounded queue until the receiver has
 * acknowledged them, so the collector may be down for a while. A batch that fails is divided when it may itself be the
 * reason: when it is refused, when there is no answer in time, and when others pass meanwhile. So it holds up nothing
 * else, and what cannot be delivered is found and dropped. One request is in flight at a time. The queue does not keep
 * the process alive, except while the application awaits `forceFlush` or `shutdown`.
 */
export class OtlpSpanProcessor implements SpanProcessor {
  readonly #timeoutMs: number;
  readonly #maxSize: number;
  readonly #maxBatch: number;
  readonly #delayMs: number;
  readonly #dropped: InternalCounter;
  /** The spans that were not sent yet. */
  readonly #ring: RingBuffer<QueuedSpan>;
  readonly #batches = new Batches();
  readonly #requestSize: RequestSize;
  readonly #encoder: CallSpanEncoder;
  readonly #exporter: OtlpExporter;
  #sender: Transport | undefined;
  readonly #outage: Outage;
  readonly #consequence: string;
  /** Runs a function outside the application's request, so that our connection does not retain its async stores. */
  readonly #outsideRequests = AsyncLocalStorage.snapshot();
  #timer: NodeJS.Timeout | undefined;
  /** Whether the timer is for a batch that failed, so that new spans need not wait for it. */
  #isTimerForRetry = false;
  #exporting: Promise<boolean> | undefined;
  /** Failed attempts in a row, except those that are the fault of their batch. */
  #failures = 0;
  /** Refused requests in a row. */
  #refusals = 0;
  /** How many batches have been delivered. */
  #deliveries = 0;
  /** How many spans have left the queue so far, delivered or dropped. */
  #released = 0;
  #closed = false;

  constructor({ exporter, queue, resource, scope, dropped }: OtlpSpanProcessorOptions) {
    this.#timeoutMs = exporter.timeoutMs;
    this.#maxSize = queue.maxSize;
    this.#maxBatch = queue.maxBatch;
    this.#requestSize = new RequestSize(queue.maxBatch);
    this.#delayMs = queue.delayMs;
    this.#dropped = dropped;
    this.#ring = new RingBuffer(queue.maxSize);
    this.#encoder = new CallSpanEncoder(resource, scope);
    this.#exporter = exporter;
    this.#consequence = `spans wait in a queue of ${queue.maxSize}; any more are dropped and counted`;
    this.#outage = watchOutage(exporter, 'traces');
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (!isExported(span)) return;
    if (this.#closed) {
      this.#dropped.add(1, EXIT);
    } else if (this.#size >= this.#maxSize) {
      this.#dropped.add(1, QUEUE_FULL);
    } else {
      this.#ring.push(span instanceof CallSpan ? this.#encoder.encode(span) : span);
      this.#wake();
    }
  }

  /** Tries to deliver the spans that are queued now. Resolves on success, on failure, or after `timeoutMs`. */
  async forceFlush(): Promise<void> {
    const goal = this.#released + this.#size;
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
    this.#sender?.close();
  }

  /** Encoded requests with all unacknowledged spans, queued or in flight, for the flush at exit. */
  pending(): PendingSpans[] {
    const requests: PendingSpans[] = [];
    let spans = [...this.#batches.spans, ...this.#ring.oldest(this.#ring.size)];
    while (spans.length > 0) {
      const { body, count } = this.#encode(spans.slice(0, this.#maxBatch));
      if (body !== undefined) requests.push({ body: Buffer.concat(body), spans: count });
      spans = spans.slice(count);
    }
    return requests;
  }

  /** The number of spans that are not acknowledged. */
  get #size(): number {
    return this.#ring.size + this.#batches.size;
  }

  /** Schedules an export after a span was queued: a full batch leaves at once, a smaller one after the delay. */
  #wake(): void {
    // An export in flight, or the retry after a failed one, schedules the next export itself.
    if (this.#exporting !== undefined || this.#failures > 0) return;
    if (this.#ring.size === this.#maxBatch) this.#exportIn(0);
    else if (this.#timer === undefined || this.#isTimerForRetry) this.#exportIn(this.#delayMs);
  }

  #exportIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#isTimerForRetry = false;
    this.#timer = this.#outsideRequests(() => setTimeout(() => void this.#export(), ms).unref());
  }

  /** Exports one batch, or joins the export in flight. Resolves to whether that has got any further. */
  #export(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#exporting ??= this.#exportBatch()
      .catch((error) => {
        log.error(`traces: an export failed: ${reason(error)}`);
        this.#failures += 1;
        return { isProgress: false };
      })
      .then(({ isProgress, requestedDelayMs }: Outcome) => {
        this.#exporting = undefined;
        this.#scheduleNext(requestedDelayMs);
        return isProgress;
      });
    return this.#exporting;
  }

  #scheduleNext(requestedDelayMs: number | undefined): void {
    if (this.#closed || this.#size === 0) return;
    const untilRetry = this.#batches.dueAt - performance.now();
    if (this.#failures > 0) {
      this.#exportIn(backoffMs(this.#failures, requestedDelayMs));
    } else if (untilRetry <= 0 || this.#ring.size >= this.#requestSize.items) {
      this.#exportIn(0);
    } else if (this.#ring.size > 0) {
      this.#exportIn(Math.min(untilRetry, this.#delayMs));
    } else {
      this.#exportIn(untilRetry);
      this.#isTimerForRetry = true;
    }
  }

  /**
   * While all is well, a batch that failed goes first, as soon as it is due. After a failure, spans that were never sent
   * do: when they pass, the receiver is well and the other batch is at fault.
   */
  #nextBatch(): Batch | undefined {
    const { size } = this.#ring;
    const known = this.#failures === 0 ? this.#batches.due(performance.now()) : this.#batches.leastTried;
    if (known !== undefined && (this.#failures === 0 || known.attempts === 0 || size === 0)) return known;
    if (size === 0) return undefined;
    const spans = this.#ring.oldest(this.#requestSize.items);
    this.#ring.drop(spans.length);
    return this.#batches.add(spans);
  }

  async #exportBatch(): Promise<Outcome> {
    let batch = this.#nextBatch();
    if (batch === undefined) return { isProgress: false };
    const { body, count } = this.#encode(batch.spans);
    if (count < batch.spans.length) batch = this.#batches.split(batch, count);
    if (body === undefined) {
      this.#release(batch);
      this.#reject(count, 'a span cannot be encoded or exceeds the size limit of a request');
      return { isProgress: true };
    }
    // The transport is a chunk of its own, which the first export loads.
    this.#sender ??= createSender(this.#exporter, 'traces');
    const sender = this.#sender;
    const result = await this.#outsideRequests(() => sender.send(body));
    if (result.status === 'retryable') return this.#retryLater(batch, result);
    this.#failures = 0;
    this.#outage.succeeded();
    if (result.status === 'failure') this.#refuse(batch, sizeOf(body), result);
    else this.#accept(batch, sizeOf(body), result.data);
    return { isProgress: true };
  }

  #accept(batch: Batch, bytes: number, response: Uint8Array): void {
    this.#refusals = 0;
    this.#deliveries += 1;
    this.#requestSize.accepted(bytes);
    this.#release(batch);
    this.#encoder.recycle(batch.spans.filter((span) => span instanceof EncodedSpan));
    const { rejected, message } = partialSuccess(response);
    if (rejected > 0) this.#reject(rejected, message);
    else if (message !== '') this.#outage.warned(message);
  }

  #refuse(batch: Batch, bytes: number, { reason: cause, because }: Failure): void {
    const { length } = batch.spans;
    this.#refusals += 1;
    if (because === 'size') this.#requestSize.tooLarge(bytes);
    if (because !== undefined && length > 1 && this.#refusals <= MAX_REFUSALS) {
      if (because === 'size') this.#outage.tooLarge(bytes, cause);
      this.#halve(batch);
    } else {
      this.#release(batch);
      this.#reject(length, cause);
    }
  }

  #retryLater(batch: Batch, { reason: cause, retryInMillis, progress }: Retryable): Outcome {
    const { length } = batch.spans;
    const hasFailedAlone =
      batch.attempts > 0 && batch.deliveriesBefore < this.#deliveries && retryInMillis === undefined;
    if (!hasFailedAlone) {
      this.#failures += 1;
      this.#outage.failed(cause, this.#consequence);
    }
    if (progress !== undefined) {
      batch.attempts += 1;
      batch.deliveriesBefore = this.#deliveries;
      batch.dueAt = performance.now() + backoffMs(1, retryInMillis);
      if (progress === 'sent') this.#requestSize.timedOut(length);
      const isAlone = hasFailedAlone && length === 1;
      if (batch.attempts >= (isAlone ? MAX_ATTEMPTS_ALONE : MAX_ATTEMPTS)) this.#giveUp(batch, cause);
      else if (length > 1 && (hasFailedAlone || progress === 'sent')) this.#halve(batch);
    }
    return { isProgress: false, requestedDelayMs: retryInMillis };
  }

  #halve(batch: Batch): void {
    this.#batches.split(batch, Math.ceil(batch.spans.length / 2));
  }

  #giveUp(batch: Batch, cause: string): void {
    this.#release(batch);
    this.#dropped.add(batch.spans.length, UNDELIVERABLE);
    this.#outage.gaveUp(cause, `after ${batch.attempts} attempts, its spans are dropped and counted`);
  }

  #encode(spans: readonly QueuedSpan[]): EncodedRequest {
    return encodeSpans(spans, this.#encoder, this.#requestSize.bytes);
  }

  #release(batch: Batch): void {
    this.#batches.remove(batch);
    this.#released += batch.spans.length;
  }

  #reject(count: number, cause: string): void {
    this.#dropped.add(count, REJECTED);
    this.#outage.rejected(cause, 'rejected spans are dropped and counted');
  }
}

/** What has become of one export. */
interface Outcome {
  /** Whether spans have left the queue, or are about to in smaller requests. */
  readonly isProgress: boolean;
  /** The delay that the receiver requested. */
  readonly requestedDelayMs?: number | undefined;
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
