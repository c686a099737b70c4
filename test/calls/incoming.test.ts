import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { extractor, readIncoming } from '../../src/calls/incoming.js';
import { createPropagator } from '../../src/telemetry/propagator.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const CARRIER = { traceparent: `00-${TRACE}-${SPAN}-01`, baggage: 'tenant=a' };

beforeAll(() => void propagation.setGlobalPropagator(createPropagator(['tracecontext', 'baggage'])));
afterAll(() => propagation.disable());

test('the trace of the caller is continued, with its baggage', () => {
  const { parent, link } = readIncoming('continue', extractor());
  const context = parent(CARRIER);

  expect(trace.getSpanContext(context)).toMatchObject({ traceId: TRACE, spanId: SPAN, isRemote: true });
  expect(propagation.getBaggage(context)?.getEntry('tenant')?.value).toBe('a');
  expect(link).toBeUndefined();
  expect(parent({})).toBe(ROOT_CONTEXT);
  expect(parent(undefined)).toBe(ROOT_CONTEXT);
});

test('the trace of the caller is linked to, and nothing else is taken over', () => {
  const { parent, link } = readIncoming('link', extractor());

  expect(parent(CARRIER)).toBe(ROOT_CONTEXT);
  expect(link?.(CARRIER)).toMatchObject({ traceId: TRACE, spanId: SPAN });
  expect(link?.({})).toBeUndefined();
});

test('what the caller sends is ignored', () => {
  const { parent, link } = readIncoming('ignore', extractor());

  expect(parent(CARRIER)).toBe(ROOT_CONTEXT);
  expect(link).toBeUndefined();
});
