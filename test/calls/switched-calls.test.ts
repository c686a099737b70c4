import { expect, test } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import type { CallRecord } from '../../src/calls/observer.js';
import { switchedCalls } from '../../src/calls/switched-calls.js';
import type { CallStart, Calls, EndedCall, Instrumentation } from '../../src/instrumentation.js';
import { HTTP_SERVER } from '../../src/semconv/http.js';

const BOUNDARY: Instrumentation = { name: 'http', observes: '', conventions: [HTTP_SERVER], targets: [] };
const ROUTER: Instrumentation = { name: 'express', observes: '', conventions: [], targets: [] };
const ENDED: EndedCall = {
  startedAt: 1,
  endedAt: 2,
  traceId: undefined,
  spanId: undefined,
  parentSpanId: undefined,
  sampled: false,
};

function setUp() {
  const ended: CallRecord[] = [];
  const all = createCalls({
    observers: [{ end: (call) => void ended.push(call) }],
    knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
    propagateDeadlines: true,
  });
  const state = { isOn: true };
  const view = (instrumentation: Instrumentation) => switchedCalls(all, instrumentation, () => state.isOn);
  return { ended, all, state, boundary: view(BOUNDARY), router: view(ROUTER) };
}

function start(subject: object): CallStart {
  return { kind: 'server', convention: HTTP_SERVER, operation: 'GET', subjects: [subject], deadline: 1 };
}

/** What instrumentations see. */
function seen(calls: Calls) {
  return { current: calls.current !== undefined, deadline: calls.deadline };
}

test('while it is on, an instrumentation sees all calls', () => {
  const { ended, all, boundary, router } = setUp();
  const request = {};

  const call = boundary.open(start(request));
  expect(boundary.of(request)).toBe(call);
  router.of(request)?.name('/a');
  expect(call?.run(() => seen(boundary))).toEqual({ current: true, deadline: 1 });
  call?.end({ code: 200 });
  boundary.recordEnded(start({}), ENDED, {});

  expect(ended.map(({ route }) => route)).toEqual(['/a', undefined]);
  expect(boundary.isOwn).toBe(all.isOwn);
});

test('while it is off, it opens none and names none, and what is open ends as usual', () => {
  const { ended, state, boundary, router } = setUp();
  const request = {};

  const before = boundary.open(start(request));
  state.isOn = false;
  expect(boundary.open(start({}))).toBeUndefined();
  boundary.recordEnded(start({}), ENDED, {});
  expect(router.of(request)).toBeUndefined();
  expect(before?.run(() => router.current)).toBeUndefined();
  expect(before?.run(() => seen(boundary))).toEqual({ current: true, deadline: undefined });
  boundary.of(request)?.end({ code: 200 });
  expect(ended).toHaveLength(1);

  state.isOn = true;
  expect(boundary.open(start({}))).toBeDefined();
});
