import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { beforeEach, expect, test } from 'vitest';
import { createCalls } from '../../src/call.js';
import type { CallStart } from '../../src/instrumentation.js';
import { GivenIds } from '../../src/telemetry/ids.js';
import { createSpans } from '../../src/telemetry/spans.js';

const exporter = new InMemorySpanExporter();
const ids = new GivenIds();
const provider = new TracerProvider({
  idGenerator: ids,
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
});
const calls = createCalls({
  observers: [createSpans(provider.getTracer('test'), ids)],
  knownOperations: { http: ['GET'], grpc: [] },
});

beforeEach(() => exporter.reset());

function open(start: Partial<CallStart> = {}) {
  const call = calls.open({ kind: 'server', system: 'http', operation: 'GET', attributes: {}, ...start });
  if (call === undefined) throw new Error('no call was opened');
  return call;
}

function onlySpan() {
  const [span, ...others] = exporter.getFinishedSpans();
  expect(others).toEqual([]);
  return span;
}

test('a call is one span, named by its route', () => {
  const call = open({ attributes: { 'url.path': '/orders/7' } });
  call.name('/orders/:id');
  call.end({ code: 200 });

  expect(onlySpan()).toMatchObject({
    name: 'GET /orders/:id',
    kind: SpanKind.SERVER,
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'http.request.method': 'GET',
      'url.path': '/orders/7',
      'http.route': '/orders/:id',
      'http.response.status_code': 200,
    },
  });
});

test('without a route the name is the method, and HTTP for an unknown one', () => {
  open().end({ code: 404 });
  open({ operation: 'BREW' }).end({ code: 418 });

  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['GET', 'HTTP']);
});

test.each([
  ['server', 404, SpanStatusCode.UNSET],
  ['server', 500, SpanStatusCode.ERROR],
  ['client', 404, SpanStatusCode.ERROR],
] as const)('a %s span of status %i has the span status %i, without words', (kind, code, status) => {
  open({ kind }).end({ code });

  expect(onlySpan()?.status).toEqual({ code: status });
});

test('an exception gives the span its message', () => {
  open().end({ error: new RangeError('too\nfar') });

  expect(onlySpan()).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'too far' },
    attributes: { 'error.type': 'RangeError' },
  });
});

test('an unsampled call has a span context and no span', () => {
  const off = createCalls({
    observers: [
      createSpans(new TracerProvider({ sampler: new AlwaysOffSampler() }).getTracer('off'), new GivenIds()),
    ],
    knownOperations: { http: ['GET'], grpc: [] },
  });

  off.open({ kind: 'server', system: 'http', operation: 'GET', attributes: {} })?.end({ code: 200 });

  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('a call that is told afterwards has its own times and ids, and one that is only counted has no span', () => {
  const told: CallStart = {
    kind: 'consumer',
    system: 'temporal-workflow',
    operation: 'R',
    route: 'R',
    attributes: {},
  };
  const [traceId, spanId, parentSpanId] = ['a'.repeat(32), 'b'.repeat(16), 'c'.repeat(16)] as const;
  const past = { startedAt: 1_000, endedAt: 3_500, traceId, spanId, sampled: true };
  calls.record(told, { ...past, parentSpanId }, { code: 'completed' });
  calls.record(told, { ...past, parentSpanId: undefined }, { code: 'completed' });
  calls.record({ ...told, traced: false }, { ...past, parentSpanId }, { code: 'completed' });

  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([parentSpanId, undefined]);
  for (const span of spans) {
    expect(span.spanContext()).toMatchObject({ traceId, spanId });
    expect([span.startTime, span.endTime]).toEqual([
      [1, 0],
      [3, 500_000_000],
    ]);
  }
});
