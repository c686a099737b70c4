import { expect, test } from 'vitest';
import { extractCarrier, injectCarrier } from '../../../src/instrumentations/messaging/carrier.js';

test('headers that arrive are text, by names in lower case', () => {
  const headers = {
    Traceparent: Buffer.from('a'),
    tracestate: ['b', 'c'],
    baggage: 'd',
    retries: 3,
    none: null,
  };
  expect(extractCarrier(headers)).toEqual({
    traceparent: 'a',
    tracestate: 'b',
    baggage: 'd',
    retries: undefined,
    none: undefined,
  });
  for (const nothing of [undefined, null, {}]) expect(extractCarrier(nothing)).toEqual({});
});

test('headers that leave are written into the object of the message', () => {
  const headers: Record<string, unknown> = { baggage: Buffer.from('a=b'), retries: 3 };
  const carrier = injectCarrier(headers);
  expect([carrier.get('baggage'), carrier.get('retries'), carrier.get('none')]).toEqual([
    'a=b',
    undefined,
    undefined,
  ]);
  carrier.set('traceparent', 'x');
  expect(headers).toEqual({ baggage: Buffer.from('a=b'), retries: 3, traceparent: 'x' });
});
