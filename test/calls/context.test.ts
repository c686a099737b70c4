import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { beforeAll, expect, test } from 'vitest';
import { CallContext, callOf, contexts, runInContext } from '../../src/calls/context.js';

const KEY = createContextKey('of the application');
const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 });
const call = {};

beforeAll(() => void context.setGlobalContextManager(contexts));

test('the API finds the span of a call and the values of the context around it', () => {
  const baggage = propagation.createBaggage({ tenant: { value: 'blue' } });
  const inside = new CallContext(propagation.setBaggage(ROOT_CONTEXT, baggage), call, span);

  expect(trace.getSpan(inside)).toBe(span);
  expect(callOf(inside)).toBe(call);
  expect(propagation.getBaggage(inside)).toBe(baggage);
});

test('a call without a span keeps the span around it current', () => {
  expect(trace.getSpan(new CallContext(trace.setSpan(ROOT_CONTEXT, span), call, undefined))).toBe(span);
});

test('a value that the application sets is visible only in the new context and can be deleted', () => {
  const inside = new CallContext(ROOT_CONTEXT, call, span);
  const set = inside.setValue(KEY, 1).setValue(KEY, 2);

  expect([inside, set, set.deleteValue(KEY)].map((each) => each.getValue(KEY))).toEqual([
    undefined,
    2,
    undefined,
  ]);
  expect(trace.getSpan(trace.deleteSpan(inside))).toBeUndefined();
  expect(callOf(set)).toBe(call);
});

test('a function runs inside a context with its `this` and its arguments', () => {
  const inside = new CallContext(ROOT_CONTEXT, call, span);
  const self = {};
  const seen = runInContext(
    inside,
    function (this: unknown, ...args: number[]) {
      return [this, args, context.active()];
    },
    self,
    [1, 2],
  );

  expect(seen).toEqual([self, [1, 2], inside]);
  expect(context.active()).toBe(ROOT_CONTEXT);
});
