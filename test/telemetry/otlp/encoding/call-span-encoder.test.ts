import { createTraceState, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, type ReadableSpan, SamplingDecision } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { createCalls } from '../../../../src/calls/calls.js';
import type { CallStart, Outcome } from '../../../../src/instrumentation.js';
import { HTTP_SERVER } from '../../../../src/semconv/http.js';
import { createRed } from '../../../../src/telemetry/metrics/red.js';
import { CallSpanEncoder } from '../../../../src/telemetry/otlp/encoding/call-span-encoder.js';
import { encodeSpans } from '../../../../src/telemetry/otlp/encoding/encode-spans.js';
import { SCOPE } from '../../../../src/telemetry/scope.js';
import { CallSpan } from '../../../../src/telemetry/traces/call-span.js';
import { RandomIdGenerator } from '../../../../src/telemetry/traces/id-generator.js';
import type { Sampling } from '../../../../src/telemetry/traces/sampling.js';
import { createSpanObserver } from '../../../../src/telemetry/traces/spans.js';
import { decodeSpans } from '../../../support/otlp.js';
import { finishedSpans } from '../../../support/spans.js';

const resource = resourceFromAttributes({ 'service.name': 'shop', 'process.pid': 7, list: ['a', 'b'] });
const finished: CallSpan[] = [];
const sampling: Sampling = {
  sampler: new AlwaysOnSampler(),
  unsampled: SamplingDecision.NOT_RECORD,
  processors: [
    {
      onStart() {},
      onEnd: (span) => void finished.push(span as CallSpan),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
};
const observer = createSpanObserver({
  resource,
  sampling: () => sampling,
  ids: new RandomIdGenerator(),
  limits: {},
});
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const calls = createCalls({ observers: [observer], knownOperations: { [HTTP_SERVER.operation]: ['GET'] } });

function finish(start: Partial<CallStart>, outcome: Outcome): CallSpan {
  calls
    .open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', attributes: {}, ...start })
    ?.end(outcome);
  const span = finished.pop();
  if (!(span instanceof CallSpan)) throw new Error('no span');
  return span;
}

function encoded(spans: readonly CallSpan[], others: readonly ReadableSpan[] = []) {
  const encoder = new CallSpanEncoder(resource, SCOPE);
  const { body, count } = encodeSpans(
    [...spans.map((span) => encoder.encode(span)), ...others],
    encoder,
    4_000_000,
  );
  expect(count).toBe(spans.length + others.length);
  return decodeSpans(Buffer.concat(body ?? []));
}

function bySdk(spans: readonly ReadableSpan[]) {
  return decodeSpans(Buffer.from(ProtobufTraceSerializer.serializeRequest([...spans]) ?? []));
}

const attributes = {
  text: 'wörd',
  empty: '',
  yes: true,
  no: false,
  integer: -42,
  port: 65_535,
  large: 2 ** 40,
  fraction: 0.5,
  long: 'x'.repeat(1_000),
  absent: undefined,
};

test.each<[string, Partial<CallStart>, Outcome]>([
  ['a plain call', {}, { code: 200 }],
  ['a call with attributes of every type', { attributes: { ...attributes } }, { code: 200 }],
  ['a call with span attributes', { spanAttributes: () => ({ 'url.path': '/orders/7' }) }, { code: 200 }],
  ['a failed call', { kind: 'client' }, { code: 404 }],
  ['a call that ends with an exception', { kind: 'producer' }, { error: new Error('kaput \u{1f4a5}') }],
  ['a large span', { attributes: { text: 'é'.repeat(100_000) } }, { code: 200 }],
])('%s is encoded as the SDK encodes it', (_, start, outcome) => {
  const span = finish(start, outcome);
  expect(encoded([span])).toEqual(bySdk([span]));
});

test('links are encoded as the SDK encodes them, with the number of those that were dropped', () => {
  const links = Array.from({ length: 200 }, (_, i) => ({
    traceparent: `00-${'a'.repeat(32)}-${(i + 1).toString(16).padStart(16, '0')}-0${i % 2}`,
    tracestate: i === 0 ? 'vendor=1' : undefined,
  }));
  for (const count of [1, 200]) {
    const span = finish({ kind: 'consumer', links: links.slice(0, count) }, {});
    expect(span.links).toHaveLength(Math.min(count, 128));
    expect(encoded([span])).toEqual(bySdk([span]));
  }
  expect(encoded([finish({ links }, {})])[0]).toMatchObject({ droppedLinks: 72 });
});

test('ids, parent, flags and times are encoded as the SDK encodes them', () => {
  const remote = {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
    isRemote: true,
    traceState: createTraceState('vendor=1'),
  };
  const parent = trace.setSpanContext(ROOT_CONTEXT, remote);
  const call = { kind: 'consumer', convention: HTTP_SERVER, operation: 'GET', attributes: {} } as const;
  const { traceId, spanId: parentSpanId } = remote;
  calls.recordEnded(
    call,
    { startedAt: 1_000, endedAt: 3_500.25, traceId, spanId: 'c'.repeat(16), parentSpanId, sampled: true },
    {},
  );
  const child = finished.pop() as CallSpan;
  const span = observer.start?.(child.call, parent, call) as CallSpan;

  for (const each of [child, span]) expect(encoded([each])).toEqual(bySdk([each]));
  expect(encoded([child])[0]).toMatchObject({
    traceId,
    parentSpanId,
    startTime: 1_000_000_000n,
    endTime: 3_500_250_000n,
  });
});

test('spans with cached labels and shared attributes are encoded as the SDK encodes them', () => {
  const red = createRed({ maxRoutes: 2, maxSeries: 2, exemplars: 'always_off' });
  const counted = createCalls({
    observers: [red.observer, observer],
    knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
  });
  const shared = { 'server.address': 'shop', 'server.port': 80 };
  // Two routes get a series. The third one is in the overflow series, so its spans carry their labels themselves.
  const routes = ['/a', '/b', '/a', '/c', '/a', '/b', '/c'];
  for (const route of routes) {
    const call = counted.open({
      kind: 'server',
      convention: HTTP_SERVER,
      operation: 'GET',
      route,
      attributes: { 'url.scheme': 'http' },
      spanAttributes: () => ({ 'url.path': `${route}/7` }),
      sharedAttributes: () => shared,
    });
    call?.set({ 'http.response.size': 5 });
    call?.end({ code: route === '/b' ? 500 : 200 });
  }
  const spans = finished.splice(0);

  expect(spans.map(({ call }) => call.seriesAttributes?.['http.route'])).toEqual(
    routes.map((route) => (route === '/c' ? undefined : route)),
  );
  expect(encoded(spans)).toEqual(bySdk(spans));
});

test('spans from many chunks and spans of the application fit into one request', () => {
  const spans = Array.from({ length: 1_000 }, (_, i) => finish({ attributes: { text: 'x'.repeat(i) } }, {}));
  const others = finishedSpans(2);

  expect(encoded(spans, others)).toEqual([...bySdk(spans), ...bySdk(others)]);
});
