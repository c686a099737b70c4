import { AsyncLocalStorage } from 'node:async_hooks';
import { TraceFlags } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { OtlpExporter, QueueConfig } from '../../config/config.js';
import { log, reason } from '../../log.js';
import { CallSpan } from '../traces/call-span.js';
import { backoffMs } from './backoff.js';
import { CallSpanEncoder, EncodedSpan } from './encoding/call-span-encoder.js';
import { encodeSpans, type QueuedSpan } from './encoding/encode-spans.js';
import { type Outage, watchOutage } from './outage.js';
import { partialSuccess } from './partial-success.js';
import { RingBuffer } from './ring-buffer.js';
import { createSender } from './transport/sender.js';
import type { Transport } from './transport/transport.js';

/** Counts what is dropped, by reason. */
export interface Counter {
  add(value: number, attributes?: Record<string, string>): void;
}

export interface OtlpSpanProcessorOptions {
  readonly exporter: OtlpExporter;
  readonly queue: QueueConfig;
  /** Of the spans of calls; other spans bring their own. */
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  /** Spans that will never arrive, by `reason`: `queue_full`, `rejected` by the receiver, `exit` for those after `shutdown`. */
  readonly dropped: Counter;
}

const QUEUE_FULL = { reason: 'queue_full' };
const REJECTED = { reason: 'rejected' };
const EXIT = { reason: 'exit' };

/**
 * Finished spans on their way to one OTLP endpoint. They stay in a bounded queue until the receiver has acknowledged
 * them, so a collector may be away for a while; delivery is at least once. One request is under way at a time. The
 * queue does not keep the process alive, except for an application that waits for `forceFlush` or `shutdown`.
 */
export class OtlpSpanProcessor implements SpanProcessor {
  readonly #timeoutMs: number;
  readonly #maxBatch: number;
  readonly #delayMs: number;
  readonly #dropped: Counter;
  readonly #ring: RingBuffer<QueuedSpan>;
  readonly #encoder: CallSpanEncoder;
  readonly #sender: Transport;
  readonly #outage: Outage;
  readonly #consequence: string;
  /** Leaves the request whose span happens to start a timer: its async stores are not to live in our connection. */
  readonly #outsideRequests = AsyncLocalStorage.snapshot();
  #timer: NodeJS.Timeout | undefined;
  #exporting: Promise<boolean> | undefined;
  /** Failed attempts in a row. */
  #failures = 0;
  /** Spans that have left the queue, for whatever reason. */
  #left = 0;
  #closed = false;

  constructor({ exporter, queue, resource, scope, dropped }: OtlpSpanProcessorOptions) {
    this.#timeoutMs = exporter.timeoutMs;
    this.#maxBatch = Math.min(queue.maxBatch, queue.maxSize);
    this.#delayMs = queue.delayMs;
    this.#dropped = dropped;
    this.#ring = new RingBuffer(queue.maxSize);
    this.#encoder = new CallSpanEncoder(resource, scope);
    this.#sender = createSender(exporter, 'traces');
    this.#consequence = `spans wait in a queue of ${queue.maxSize}, further ones are dropped and counted`;
    this.#outage = watchOutage(exporter, 'traces');
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#closed) {
      this.#dropped.add(1, EXIT);
    } else if (this.#ring.isFull) {
      this.#dropped.add(1, QUEUE_FULL);
    } else {
      this.#ring.push(span instanceof CallSpan ? this.#encoder.encode(span) : span);
      this.#wake();
    }
  }

  /** Tries to deliver what is queued now. Resolves when that is done or has failed, at the latest after `timeoutMs`. */
  async forceFlush(): Promise<void> {
    const goal = this.#left + this.#ring.size;
    const deliver = async () => {
      while (this.#left < goal && (await this.#export()));
    };
    await orAfter(this.#timeoutMs, deliver());
  }

  /** Flushes and takes no more spans. What could not be delivered is still `pending`. */
  async shutdown(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.forceFlush();
    clearTimeout(this.#timer);
    this.#sender.close();
  }

  /** The encoded requests of all spans that are not acknowledged, queued or under way, for the end of the process. */
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

  /** A span has come: a full batch leaves at once, fewer spans after the delay. */
  #wake(): void {
    // The end of the running export, or of the pause after a failed one, decides what comes next.
    if (this.#exporting !== undefined || this.#failures > 0) return;
    if (this.#ring.size === this.#maxBatch) this.#exportIn(0);
    else if (this.#timer === undefined) this.#exportIn(this.#delayMs);
  }

  #exportIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#outsideRequests(() => setTimeout(() => void this.#export(), ms).unref());
  }

  /** Exports one batch, or joins the export that is under way. Resolves to false when the receiver is to be left alone. */
  #export(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#exporting ??= this.#exportBatch()
      .catch((error) => {
        log.error(`traces: an export failed: ${reason(error)}`);
        this.#failures += 1;
        return undefined;
      })
      .then((askedMs) => {
        this.#exporting = undefined;
        this.#planNext(askedMs);
        return this.#failures === 0;
      });
    return this.#exporting;
  }

  #planNext(askedMs: number | undefined): void {
    if (this.#closed || this.#ring.size === 0) return;
    if (this.#failures > 0) this.#exportIn(backoffMs(this.#failures, askedMs));
    else this.#exportIn(this.#ring.size >= this.#maxBatch ? 0 : this.#delayMs);
  }

  /** Resolves to the pause in milliseconds that the receiver asks for, if it does. */
  async #exportBatch(): Promise<number | undefined> {
    if (this.#ring.size === 0) return undefined;
    const spans = this.#ring.oldest(this.#maxBatch);
    const { body, count } = encodeSpans(spans, this.#encoder);
    if (body === undefined) {
      this.#release(count);
      this.#reject(count, 'a span cannot be encoded or is larger than a request may be');
      return undefined;
    }
    const result = await this.#outsideRequests(() => this.#sender.send(body));
    if (result.status === 'retryable') {
      this.#failures += 1;
      this.#outage.failed(result.reason, this.#consequence);
      return result.retryInMillis;
    }
    this.#failures = 0;
    this.#outage.worked();
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
    this.#left += count;
  }

  #readResponse(response: Uint8Array): void {
    const { rejected, message } = partialSuccess(response);
    if (rejected > 0 || message !== '') this.#reject(rejected, message);
  }

  #reject(count: number, why: string): void {
    if (count > 0) this.#dropped.add(count, REJECTED);
    this.#outage.refused(why);
  }
}

/** Waits for `work`, `ms` at most. The process stays alive meanwhile, for somebody awaits this. */
async function orAfter(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
