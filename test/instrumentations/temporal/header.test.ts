import { expect, test } from 'vitest';
import { TRACE_HEADER, TraceCarrier, traceHeadersIn } from '../../../src/instrumentations/temporal/header.js';

const payload = (data: string) => ({ [TRACE_HEADER]: { data: Buffer.from(data) } });

test('the trace headers survive the round trip', () => {
  const carrier = new TraceCarrier();
  carrier.set('traceparent', '00-1-2-01');
  carrier.set('baggage', 'a=b');
  const other = { data: Buffer.from('kept') };

  const headers = carrier.addTo({ other });

  expect(headers['other']).toBe(other);
  expect(headers[TRACE_HEADER]?.metadata?.['encoding']?.toString()).toBe('json/plain');
  expect(traceHeadersIn(headers)).toEqual({ traceparent: '00-1-2-01', baggage: 'a=b' });
});

test('an existing trace context is kept, and without a trace nothing is added', () => {
  const carrier = new TraceCarrier();
  const headers = {};
  expect(carrier.addTo(headers)).toBe(headers);

  carrier.set('traceparent', 'ours');
  const theirs = payload('{"traceparent":"theirs"}');
  expect(carrier.addTo(theirs)).toBe(theirs);
});

test.each([undefined, {}, { [TRACE_HEADER]: {} }, payload('no json'), payload('null'), payload('"text"')])(
  'headers that cannot be parsed carry no trace: %j',
  (headers) => expect(traceHeadersIn(headers)).toEqual({}),
);

test('the headers of a Nexus operation get the trace context, unless they carry one', () => {
  const carrier = new TraceCarrier();
  carrier.set('traceparent', 'ours');
  expect(carrier.addToNexus({ a: 'b' })).toEqual({ a: 'b', traceparent: 'ours' });
  expect(carrier.addToNexus()).toEqual({ traceparent: 'ours' });
  expect(carrier.addToNexus({ traceparent: 'theirs' })).toEqual({ traceparent: 'theirs' });
});
