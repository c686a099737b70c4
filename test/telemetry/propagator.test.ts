import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { createPropagator } from '../../src/telemetry/propagator.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const HEADERS = { traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'tenant=x' };

test.each([
  [['tracecontext', 'baggage'], { traceparent: TRACEPARENT, tracestate: 'a=1', baggage: 'tenant=x' }],
  [['tracecontext'], { traceparent: TRACEPARENT, tracestate: 'a=1' }],
  [['baggage'], { baggage: 'tenant=x' }],
  [[], {}],
] as const)('with %j, only the headers of these propagators are passed on', (names, passedOn) => {
  const propagator = createPropagator(names);
  const outgoing: Record<string, string> = {};

  const context = propagator.extract(ROOT_CONTEXT, HEADERS, defaultTextMapGetter);
  propagator.inject(context, outgoing, defaultTextMapSetter);

  expect(outgoing).toEqual(passedOn);
});

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const B3_SINGLE = { b3: `${TRACE_ID}-${SPAN_ID}-1` };
const B3_MULTI = { 'x-b3-traceid': TRACE_ID, 'x-b3-spanid': SPAN_ID, 'x-b3-sampled': '1' };

test.each([
  ['b3', B3_SINGLE, B3_SINGLE],
  ['b3', B3_MULTI, B3_SINGLE],
  ['b3multi', B3_MULTI, B3_MULTI],
  ['b3multi', B3_SINGLE, B3_MULTI],
  [
    'xray',
    { 'x-amzn-trace-id': 'Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1' },
    { 'x-amzn-trace-id': 'Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1' },
  ],
] as const)('%s reads %j and sends %j', (name, incoming, sent) => {
  const propagator = createPropagator([name]);
  const outgoing: Record<string, string> = {};
  // Servers look for these headers before they ask the propagator.
  const isSeen = propagator.fields().some((field) => field in incoming);

  const context = propagator.extract(ROOT_CONTEXT, incoming, defaultTextMapGetter);
  propagator.inject(context, outgoing, defaultTextMapSetter);

  expect(isSeen).toBe(true);
  expect(trace.getSpanContext(context)).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 });
  expect(outgoing).toEqual(sent);
});

test('malformed headers yield no parent and do not throw', () => {
  const propagator = createPropagator(['tracecontext', 'baggage']);

  const context = propagator.extract(
    ROOT_CONTEXT,
    { traceparent: `00-${'f'.repeat(8_000)}`, tracestate: ',,,=', baggage: `${'k='.repeat(4_000)}` },
    defaultTextMapGetter,
  );

  expect(trace.getSpanContext(context)).toBeUndefined();
  expect(propagation.getBaggage(context)?.getAllEntries().length ?? 0).toBeLessThan(2);
});

test.each([
  ['ff', '03'],
  ['10', '00'],
  ['0b', '03'],
  ['02', '02'],
  ['01', '01'],
])('of the flags %s that arrive, only the known ones leave: %s', (arrived, left) => {
  const propagator = createPropagator(['tracecontext']);
  const ids = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
  const outgoing: Record<string, string> = {};

  const context = propagator.extract(
    ROOT_CONTEXT,
    { traceparent: `${ids}-${arrived}`, tracestate: 'a=1' },
    defaultTextMapGetter,
  );
  propagator.inject(context, outgoing, defaultTextMapSetter);

  expect(outgoing).toEqual({ traceparent: `${ids}-${left}`, tracestate: 'a=1' });
});
