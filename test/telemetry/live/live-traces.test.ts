import { ROOT_CONTEXT, type SpanStatus, SpanStatusCode, trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeEach, expect, test } from 'vitest';
import { createLiveTraces, type LiveTraces } from '../../../src/telemetry/live/live-traces.js';

const T0 = 1_767_225_600_000;

let now: number;
let live: LiveTraces;
let provider: TracerProvider;
beforeEach(() => {
  now = T0;
  live = createLiveTraces(() => now);
  provider = new TracerProvider({ spanProcessors: [live] });
});

function record(name: string, durationMs: number, status?: SpanStatus): void {
  const span = provider.getTracer('test').startSpan(name, { root: true, startTime: now });
  if (status) span.setStatus(status);
  span.end(now + durationMs);
}

const names = (): (string | undefined)[] => live.look().map(({ spans }) => spans[0]?.details[0]);

test('while nobody looks, nothing is gathered', () => {
  record('before', 1);
  expect(names()).toEqual([]);
  record('watched', 1);
  expect(names()).toEqual(['INTERNAL watched']);
  now += 31_000;
  record('after', 1);
  expect(names()).toEqual(['INTERNAL watched']);
});

test('of many traces the newest, the slowest and those that failed are kept', () => {
  live.look();
  record('slow', 9_000);
  record('failed', 1, { code: SpanStatusCode.ERROR });
  for (let i = 0; i < 500; i += 1) {
    now += 10;
    record(`quick ${i}`, 2);
  }
  expect(names()).toContain('INTERNAL slow');
  expect(names()).toContain('INTERNAL failed');
  expect(names()[0]).toBe('INTERNAL quick 499');
  expect(names().length).toBeLessThanOrEqual(60);
});

test('what is old is forgotten', () => {
  live.look();
  record('slow', 9_000);
  for (let i = 0; i < 25; i += 1) {
    now += 29_000;
    live.look();
    record('quick', 1);
  }
  expect(names()).not.toContain('INTERNAL slow');
});

test('a trace has its spans in the order of a tree, with times from its start', () => {
  live.look();
  const tracer = provider.getTracer('test');
  const root = tracer.startSpan('root', { root: true, startTime: T0 });
  const inside = trace.setSpan(ROOT_CONTEXT, root);
  tracer.startSpan('second', { startTime: T0 + 30 }, inside).end(T0 + 40);
  tracer.startSpan('first', { startTime: T0 + 10 }, inside).end(T0 + 20);
  root.end(T0 + 50);
  expect(live.look()).toMatchObject([
    {
      traceId: root.spanContext().traceId,
      startedAt: T0,
      duration: 50,
      failed: false,
      omitted: 0,
      spans: [
        { depth: 0, start: 0, duration: 50, details: ['INTERNAL root'] },
        { depth: 1, start: 10, duration: 10, details: ['INTERNAL first'] },
        { depth: 1, start: 30, duration: 10, details: ['INTERNAL second'] },
      ],
    },
  ]);
});

test('a trace with very many spans is cut', () => {
  live.look();
  const tracer = provider.getTracer('test');
  const root = tracer.startSpan('root', { root: true });
  for (let i = 0; i < 300; i += 1) tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root)).end();
  root.end();
  expect(live.look()[0]?.spans).toHaveLength(200);
  expect(live.look()[0]?.omitted).toBe(101);
});
