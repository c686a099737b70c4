import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createCalls } from '../../../src/calls/calls.js';
import { contexts } from '../../../src/calls/context.js';
import type { CallObserver } from '../../../src/calls/observer.js';
import type { CallStart } from '../../../src/instrumentation.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../../src/semconv/http.js';
import { TEMPORAL_WORKFLOW } from '../../../src/semconv/temporal.js';
import { RandomIdGenerator } from '../../../src/telemetry/traces/id-generator.js';
import { createSpanObserver, type SpansOptions } from '../../../src/telemetry/traces/spans.js';

const exporter = new InMemorySpanExporter();
const calls = createCalls({
  observers: [spansWith()],
  knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
});

function spansWith({
  sampler = new AlwaysOnSampler(),
  limits = {},
}: {
  sampler?: Sampler;
  limits?: SpansOptions['limits'];
} = {}): CallObserver {
  const processors = [new SimpleSpanProcessor({ exporter })];
  const sampling = { sampler, unsampled: SamplingDecision.NOT_RECORD, processors };
  return createSpanObserver({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    sampling: () => sampling,
    ids: new RandomIdGenerator(),
    limits,
  });
}

beforeAll(() => void context.setGlobalContextManager(contexts));
beforeEach(() => exporter.reset());

function open(start: Partial<CallStart> = {}) {
  const call = calls.open({
    kind: 'server',
    convention: HTTP_SERVER,
    operation: 'GET',
    attributes: {},
    ...start,
  });
  if (call === undefined) throw new Error('no call was opened');
  return call;
}

function onlySpan() {
  const [span, ...others] = exporter.getFinishedSpans();
  expect(others).toEqual([]);
  return span;
}

test('a call becomes one span that is named after its route', () => {
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

test('without a route the span is named after the method, or HTTP if the method is unknown', () => {
  open().end({ code: 404 });
  open({ operation: 'BREW' }).end({ code: 418 });

  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['GET', 'HTTP']);
});

test.each([
  ['server', 404, SpanStatusCode.UNSET],
  ['server', 500, SpanStatusCode.ERROR],
  ['client', 404, SpanStatusCode.ERROR],
] as const)('a %s span with HTTP status %i has the span status %i and no message', (kind, code, status) => {
  open({ kind, convention: kind === 'server' ? HTTP_SERVER : HTTP_CLIENT }).end({ code });

  expect(onlySpan()?.status).toEqual({ code: status });
});

test('an exception sets the status message and error.type of the span', () => {
  open().end({ error: new RangeError('too\nfar') });

  expect(onlySpan()).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'too far' },
    attributes: { 'error.type': 'RangeError' },
  });
});

test('an error that throws when it is read does not lose the span', () => {
  const throwing = () => {
    throw new Error('trap');
  };
  open().end({ error: new Proxy(new Error(), { get: throwing, getPrototypeOf: throwing }) });

  expect(onlySpan()).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': '_OTHER' },
  });
});

test('an unsampled call exports no span', () => {
  const off = createCalls({
    observers: [spansWith({ sampler: new AlwaysOffSampler() })],
    knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
  });

  off.open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', attributes: {} })?.end({ code: 200 });

  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('a call that is recorded after its end keeps its times and ids, and has no span if it is not traced', () => {
  const start: CallStart = {
    kind: 'consumer',
    convention: TEMPORAL_WORKFLOW,
    operation: 'R',
    route: 'R',
    attributes: {},
  };
  const [traceId, spanId, parentSpanId] = ['a'.repeat(32), 'b'.repeat(16), 'c'.repeat(16)] as const;
  const past = { startedAt: 1_000, endedAt: 3_500, traceId, spanId, sampled: true };
  calls.recordEnded(start, { ...past, parentSpanId, traceState: 'vendor=1' }, { code: 'completed' });
  calls.recordEnded(start, { ...past, parentSpanId: undefined }, { code: 'completed' });
  calls.recordEnded({ ...start, traced: false }, { ...past, parentSpanId }, { code: 'completed' });

  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([parentSpanId, undefined]);
  expect(spans[0]?.spanContext().traceState?.serialize()).toBe('vendor=1');
  for (const span of spans) {
    expect(span.spanContext()).toMatchObject({ traceId, spanId });
    expect([span.startTime, span.endTime]).toEqual([
      [1, 0],
      [3, 500_000_000],
    ]);
  }
});

test('the application can add attributes, events and a name to the span of a call', () => {
  const call = open({
    attributes: { 'url.scheme': 'http' },
    spanAttributes: () => ({ 'url.path': '/orders/7' }),
  });
  const seen = call.run(() => {
    const span = trace.getActiveSpan();
    span?.setAttribute('tenant', 'blue').addEvent('cache miss').updateName('my name');
    span?.recordException(new Error('handled'));
    return [span?.isRecording(), span?.spanContext().spanId];
  });
  call.end({ code: 200 });

  const span = onlySpan();
  expect(seen).toEqual([true, span?.spanContext().spanId]);
  expect(span).toMatchObject({
    name: 'my name',
    kind: SpanKind.SERVER,
    instrumentationScope: { name: 'redhook' },
    attributes: { tenant: 'blue', 'url.path': '/orders/7', 'http.response.status_code': 200 },
  });
  expect(span?.events.map(({ name }) => name)).toEqual(['cache miss', 'exception']);
});

test('a span that the application ends is exported once and ignores later changes', () => {
  const call = open();
  const span = call.run(() => trace.getActiveSpan());
  span?.end();
  call.end({ code: 200 });
  span?.setAttribute('late', true);

  expect(onlySpan()?.attributes).not.toHaveProperty('late');
  expect(span?.isRecording()).toBe(false);
});

test('spanAttributes is called only for a recorded span', () => {
  const called: string[] = [];
  const attributes = (name: string) => () => {
    called.push(name);
    return { 'url.path': `/${name}` };
  };
  const off = createCalls({
    observers: [spansWith({ sampler: new AlwaysOffSampler() })],
    knownOperations: {},
  });

  open({ spanAttributes: attributes('sampled') }).end({ code: 200 });
  off
    .open({
      kind: 'server',
      convention: HTTP_SERVER,
      operation: 'GET',
      attributes: {},
      spanAttributes: attributes('unsampled'),
    })
    ?.end({});

  expect(called).toEqual(['sampled']);
  expect(onlySpan()?.attributes['url.path']).toBe('/sampled');
});

test('the span limits apply to the spans of calls', () => {
  const limited = createCalls({
    observers: [spansWith({ limits: { attributeValueLengthLimit: 3, attributeCountLimit: 2 } })],
    knownOperations: {},
  });

  limited
    .open({
      kind: 'server',
      convention: HTTP_SERVER,
      operation: 'GET',
      attributes: { 'url.scheme': 'https' },
    })
    ?.end({ code: 200 });

  const span = onlySpan();
  expect(Object.values(span?.attributes ?? {})).toEqual(['_OT', 'htt']);
  expect(span?.droppedAttributesCount).toBeGreaterThan(0);
});

test('a call links to the senders of the messages of a batch, also when the SDK makes its span', () => {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const links = ['1', '2', '3'].map((digit) => ({
    traceparent: `00-${digit.repeat(32)}-${digit.repeat(16)}-01`,
  }));
  const linked = () => onlySpan()?.links.map(({ context: { spanId } }) => spanId[0]);
  const all = createCalls({ observers: [spansWith()], knownOperations: {} });
  const few = createCalls({ observers: [spansWith({ limits: { linkCountLimit: 2 } })], knownOperations: {} });
  const start = { kind: 'consumer', convention: HTTP_SERVER, links } as const;

  all.open(start)?.end({});
  expect(linked()).toEqual(['1', '2', '3']);

  exporter.reset();
  few.open(start)?.end({});
  expect(linked()).toHaveLength(2);

  exporter.reset();
  const call = all.open(start);
  call?.run(() => trace.getActiveSpan()?.addEvent('from the application'));
  call?.end({});
  expect(linked()).toEqual(['1', '2', '3']);
});
