import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyResource } from '@opentelemetry/resources';
import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OtlpExporter, QueueConfig } from '../../../src/config/config.js';
import { log } from '../../../src/log.js';
import { OtlpSpanProcessor } from '../../../src/telemetry/otlp/span-processor.js';
import { SCOPE } from '../../../src/telemetry/scope.js';
import { freePort } from '../../support/app.js';
import { type Answer, type Collector, startCollector } from '../../support/collector.js';
import { otlp } from '../../support/exporter.js';
import { decodeSpans } from '../../support/otlp.js';
import { finishedSpans } from '../../support/spans.js';

const NEVER = 600_000;

let collector: Collector;
let queue: OtlpSpanProcessor;
let dropped: Record<string, number>;

function open(
  settings: Partial<QueueConfig> = {},
  exporter: OtlpExporter = otlp(collector.url),
): OtlpSpanProcessor {
  dropped = {};
  queue = new OtlpSpanProcessor({
    exporter,
    resource: emptyResource(),
    scope: SCOPE,
    queue: { maxSize: 2048, maxBatch: 512, delayMs: 10, ...settings },
    dropped: {
      add(value, attributes) {
        const reason = String(attributes?.['reason']);
        dropped[reason] = (dropped[reason] ?? 0) + value;
      },
    },
  });
  return queue;
}

function end(count: number, name?: string): void {
  for (const span of finishedSpans(count, name)) queue.onEnd(span);
}

function names(spans: readonly { name: string }[]): string[] {
  return spans.map(({ name }) => name);
}

/** The names of the spans that the queue still holds. */
function pending(): string[] {
  return queue.pending().flatMap(({ body }) => names(decodeSpans(Buffer.from(body))));
}

/** Ends spans named as by `end`, with about so many bytes. */
function endOfSizes(bytes: readonly number[]): void {
  finishedSpans(bytes.length).forEach((span, i) => {
    queue.onEnd(Object.create(span, { attributes: { value: { text: 'x'.repeat(bytes[i] ?? 0) } } }));
  });
}

/** The sizes of the requests so far, rounded. */
function sizes(): number[] {
  return collector.requests.map(({ body }) => Math.round(body.length / 20_000) * 20_000);
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `span ${i + 1}`);
}

beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await queue.shutdown();
  await collector.close();
});

test('delivers spans in one request after the delay', async () => {
  open();
  end(3);
  expect(names(await collector.waitForSpans(3))).toEqual(numbered(3));
  expect(collector.requests).toHaveLength(1);
});

test('delivers a full batch at once and keeps the rest for the delay', async () => {
  open({ maxBatch: 4, delayMs: NEVER });
  end(6);
  expect(names(await collector.waitForSpans(4))).toEqual(numbered(4));
  await vi.waitFor(() => expect(pending()).toEqual(['span 5', 'span 6']));
});

test('delivers many batches in order, one at a time', async () => {
  open({ maxBatch: 10 });
  end(95);
  expect(names(await collector.waitForSpans(95))).toEqual(numbered(95));
  expect(collector.requests).toHaveLength(10);
  expect(dropped).toEqual({});
});

test('ignores spans that are not sampled', async () => {
  open();
  const provider = new TracerProvider({ sampler: new AlwaysOffSampler(), spanProcessors: [queue] });
  provider.getTracer('test').startSpan('unsampled').end();
  const [span] = finishedSpans(1);
  if (span === undefined) throw new Error('no span');
  // Recorded but not sampled, as after a sampler's RECORD decision.
  queue.onEnd({ ...span, spanContext: () => ({ ...span.spanContext(), traceFlags: 0 }) });
  expect(queue.pending()).toEqual([]);
});

test('counts every span that does not fit into the queue while the collector is down', async () => {
  open({ maxSize: 10, maxBatch: 4 }, otlp(`http://127.0.0.1:${await freePort()}`));
  end(7);
  await queue.forceFlush();
  end(18);
  await queue.forceFlush();
  expect(dropped).toEqual({ queue_full: 15 });
  const kept = queue.pending().map(({ body }) => names(decodeSpans(Buffer.from(body))));
  expect(kept.map((batch) => batch.length)).toEqual([4, 4, 2]);
  expect(kept.flat()).toEqual([...numbered(7), ...numbered(3)]);
});

test('keeps spans while the collector is down, logs the outage once, and delivers them afterwards', async () => {
  const change = vi.spyOn(log, 'change');
  open();
  end(2, 'before');
  await collector.waitForSpans(2);
  await vi.waitFor(() => expect(pending()).toEqual([]));
  await collector.close();

  end(3, 'during');
  await queue.forceFlush();
  await queue.forceFlush();
  const { port, url } = collector;
  expect(change.mock.calls).toEqual([
    [
      'warn',
      expect.stringMatching(
        `^traces: cannot reach ${url} \\(.+\\); spans wait in a queue of 2048; any more are dropped and counted$`,
      ),
    ],
  ]);

  collector = await startCollector({ port });
  expect(names(await collector.waitForSpans(3))).toEqual(['during 1', 'during 2', 'during 3']);
  end(1, 'after');
  await collector.waitForSpans(4);
  expect(change).toHaveBeenLastCalledWith('info', `traces: ${url} is reachable again`);
  expect(change).toHaveBeenCalledTimes(2);
  expect(dropped).toEqual({});
  await vi.waitFor(() => expect(pending()).toEqual([]));
});

test('retries a batch that the collector answers with UNAVAILABLE', async () => {
  collector.answer({ grpcStatus: 14 });
  open();
  end(2);
  await collector.waitForRequests(1);
  collector.answer({});
  expect(await collector.waitForSpans(2)).toHaveLength(2);
  expect(dropped).toEqual({});
});

test('counts the spans that the collector rejects, logs it once, and continues', async () => {
  const warn = vi.spyOn(log, 'warn');
  collector.answer({ grpcStatus: 3, grpcMessage: 'no such\ntenant' });
  open();
  end(2);
  await queue.forceFlush();
  end(3);
  await queue.forceFlush();
  expect(dropped).toEqual({ rejected: 5 });
  expect(warn.mock.calls).toEqual([
    [
      `traces: ${collector.url} rejects data (INVALID_ARGUMENT: no such tenant); rejected spans are dropped and counted`,
    ],
  ]);
  collector.answer({});
  end(1);
  expect(await collector.waitForSpans(1)).toHaveLength(1);
});

test('counts the spans that a partial success rejects', async () => {
  const warn = vi.spyOn(log, 'warn');
  collector.answer({ rejected: 2, message: 'too old' });
  open();
  end(5);
  await queue.forceFlush();
  expect(dropped).toEqual({ rejected: 2 });
  expect(queue.pending()).toEqual([]);
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('(too old)'));
});

test('logs a warning of the collector once, as one that has cost no spans', async () => {
  const warn = vi.spyOn(log, 'warn');
  open();
  for (const message of ['use\ngzip', 'use zstd']) {
    collector.answer({ rejected: 0, message });
    end(1);
    await queue.forceFlush();
  }
  expect(dropped).toEqual({});
  expect(warn.mock.calls).toEqual([[`traces: ${collector.url} accepts the data with a warning: use gzip`]]);
});

test('a warning does not hide a later rejection', async () => {
  const warn = vi.spyOn(log, 'warn');
  open();
  for (const answer of [{ message: 'use gzip' }, { rejected: 1, message: 'too old' }]) {
    collector.answer(answer);
    end(1);
    await queue.forceFlush();
  }
  expect(dropped).toEqual({ rejected: 1 });
  expect(warn).toHaveBeenLastCalledWith(
    `traces: ${collector.url} rejects data (too old); rejected spans are dropped and counted`,
  );
});

test('returns queued and in-flight spans as pending until they are acknowledged', async () => {
  collector.answer({ hang: true });
  open({ maxBatch: 2, delayMs: NEVER }, otlp(collector.url, { timeoutMs: 500 }));
  end(3);
  await collector.waitForRequests(1);
  expect(pending()).toEqual(numbered(3));
});

test('resolves forceFlush when all spans have been delivered', async () => {
  open({ maxBatch: 2, delayMs: NEVER });
  end(5);
  await queue.forceFlush();
  expect(collector.spans).toHaveLength(5);
});

test('resolves forceFlush after the timeout when the collector does not answer', async () => {
  collector.answer({ hang: true });
  open({ delayMs: NEVER }, otlp(collector.url, { timeoutMs: 200 }));
  end(1);
  await queue.forceFlush();
  expect(queue.pending()).toHaveLength(1);
});

test('delivers all spans at shutdown and counts those that end later as dropped', async () => {
  open({ delayMs: NEVER });
  end(2);
  await queue.shutdown();
  expect(collector.spans).toHaveLength(2);
  end(3);
  expect(dropped).toEqual({ exit: 3 });
  expect(queue.pending()).toEqual([]);
});

test('splits a batch that exceeds 1 MB, sends a larger span alone, and drops one that no receiver takes', async () => {
  open({ maxBatch: 8, delayMs: NEVER });
  endOfSizes([400_000, 400_000, 400_000, 400_000, 2_000_000, 5_000_000]);
  expect(queue.pending()).toHaveLength(3);
  await queue.forceFlush();
  expect(names(collector.spans)).toEqual(numbered(5));
  expect(sizes()).toEqual([800_000, 800_000, 2_000_000]);
  expect(dropped).toEqual({ rejected: 1 });
});

describe('a receiver with a limit', () => {
  const LIMIT = 300_000;
  const tooLarge: Record<string, Answer> = {
    RESOURCE_EXHAUSTED: { grpcStatus: 8, grpcMessage: `larger than max (1 vs. ${LIMIT})` },
    'HTTP 413': { httpStatus: 413 },
  };

  test.each(Object.entries(tooLarge))(
    '%s: halves the batch, and keeps to the size that passes',
    async (_, answer) => {
      const info = vi.spyOn(log, 'info');
      collector.answer(({ body }) => (body.length > LIMIT ? answer : {}));
      open({ delayMs: NEVER, maxBatch: 16 });
      endOfSizes(Array(16).fill(50_000));
      await queue.forceFlush();
      expect(names(collector.spans)).toEqual(numbered(16));
      expect(sizes()).toEqual([800_000, 400_000, 200_000, 200_000, 200_000, 200_000]);

      const before = collector.requests.length;
      endOfSizes(Array(8).fill(50_000));
      await queue.forceFlush();
      expect(sizes().slice(before)).toEqual([200_000, 200_000]);
      expect(dropped).toEqual({});
      expect(info).toHaveBeenCalledExactlyOnceWith(
        expect.stringMatching(/refuses a request of 8\d{5} bytes .*; what it holds is sent in smaller ones$/),
      );
    },
  );

  test('drops only the span that is itself too large', async () => {
    collector.answer(({ body }) => (body.length > LIMIT ? { grpcStatus: 8 } : {}));
    open({ delayMs: NEVER });
    endOfSizes([100, 100, 100, 500_000, 100, 100]);
    await queue.forceFlush();
    expect(names(collector.spans)).toEqual(numbered(6).filter((name) => name !== 'span 4'));
    expect(dropped).toEqual({ rejected: 1 });
  });
});

test.each([
  ['INVALID_ARGUMENT', { grpcStatus: 3 }],
  ['HTTP 400', { httpStatus: 400 }],
])('drops only the span that the receiver refuses with %s', async (_, answer) => {
  collector.answer((request) => (names(decodeSpans(request.body)).includes('span 40') ? answer : {}));
  open({ delayMs: NEVER });
  end(100);
  await queue.forceFlush();
  expect(names(collector.spans)).toEqual(numbered(100).filter((name) => name !== 'span 40'));
  expect(dropped).toEqual({ rejected: 1 });
});

test('a receiver that refuses everything is not asked for every span', async () => {
  collector.answer({ httpStatus: 400 });
  open({ delayMs: NEVER });
  end(2_000);
  await queue.forceFlush();
  expect(dropped).toEqual({ rejected: 2_000 });
  expect(collector.requests.length).toBeLessThan(50);
});

test('spans that cannot pass hold up no others, and are dropped and counted', async () => {
  const warn = vi.spyOn(log, 'warn');
  const change = vi.spyOn(log, 'change');
  collector.answer((request) =>
    names(decodeSpans(request.body)).includes('span 3') ? { grpcStatus: 14, grpcMessage: 'broken' } : {},
  );
  open({ maxSize: 200, maxBatch: 8 });
  end(8);
  await collector.waitForRequests(1);
  let ended = 8;
  while (dropped['undeliverable'] === undefined) {
    end(2, 'other');
    ended += 2;
    await sleep(50);
  }
  await collector.waitForSpans(ended - 1);
  expect(dropped).toEqual({ undeliverable: 1 });
  expect(names(collector.spans)).not.toContain('span 3');
  expect(warn.mock.calls).toEqual([
    [
      `traces: ${collector.url} does not take some data (UNAVAILABLE: broken); after 5 attempts, its spans are dropped and counted`,
    ],
  ]);
  expect(change, 'down and up again once').toHaveBeenCalledTimes(2);
}, 20_000);

test('a receiver that is too slow for a batch gets smaller ones', async () => {
  collector.answer((request) => (decodeSpans(request.body).length > 4 ? { hang: true } : {}));
  open({ maxBatch: 16 }, otlp(collector.url, { timeoutMs: 100 }));
  end(16);
  await collector.waitForSpans(16);
  const counts = collector.requests.map(({ body }) => decodeSpans(body).length);
  expect(counts[0]).toBe(16);
  expect(new Set(counts.slice(1)).size, counts.join()).toBeGreaterThan(1);
  expect(names(collector.spans).toSorted()).toEqual(numbered(16).toSorted());
  expect(dropped).toEqual({});
}, 20_000);

test('drops only the span that cannot be encoded', async () => {
  open({ delayMs: NEVER });
  finishedSpans(5).forEach((span, i) => {
    const broken = { get: () => JSON.parse('not JSON') };
    queue.onEnd(i === 2 ? Object.create(span, { attributes: broken }) : span);
  });
  await queue.forceFlush();
  expect(names(collector.spans)).toEqual(['span 1', 'span 2', 'span 4', 'span 5']);
  expect(dropped).toEqual({ rejected: 1 });
});

test('does not run the export in the async context of a request', async () => {
  const requests = new AsyncLocalStorage<string>();
  collector.answer({ grpcStatus: 3 });
  const stores: unknown[] = [];
  queue = new OtlpSpanProcessor({
    exporter: otlp(collector.url),
    resource: emptyResource(),
    scope: SCOPE,
    queue: { maxSize: 10, maxBatch: 10, delayMs: 1 },
    dropped: { add: () => stores.push(requests.getStore()) },
  });
  await requests.run('a request', async () => {
    end(1);
    await collector.waitForRequests(1);
  });
  await vi.waitFor(() => expect(stores).toEqual([undefined]));
});
