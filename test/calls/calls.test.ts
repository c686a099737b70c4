import { context, propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import { contexts } from '../../src/calls/context.js';
import type { CallObserver, CallRecord } from '../../src/calls/observer.js';
import { asOwnTraffic, markAsOwn } from '../../src/calls/own-traffic.js';
import type { CallStart } from '../../src/instrumentation.js';
import { log } from '../../src/log.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../src/semconv/http.js';
import { RPC_CLIENT, RPC_SERVER } from '../../src/semconv/rpc.js';
import { TEMPORAL_RPC, TEMPORAL_WORKFLOW } from '../../src/semconv/temporal.js';

const SPAN = trace.wrapSpanContext({ traceId: 't', spanId: 's', traceFlags: 1 });
const ended: CallRecord[] = [];
const observer: CallObserver = {
  start: () => SPAN,
  end: (call) => ended.push(call),
};
const calls = createCalls({ observers: [observer], knownOperations: { [HTTP_SERVER.operation]: ['GET'] } });

beforeAll(() => void context.setGlobalContextManager(contexts));
beforeEach(() => {
  calls.endAll();
  ended.length = 0;
});

function throwing(): never {
  throw new Error('lazy');
}

function open(more: Partial<CallStart> = {}) {
  const call = calls.open({
    kind: 'server',
    convention: HTTP_SERVER,
    operation: 'GET',
    attributes: {},
    ...more,
  });
  if (call === undefined) throw new Error('no call was opened');
  return call;
}

test('only the first end counts, and nothing changes after it', () => {
  const call = open();
  call.name('/a');
  call.end({ code: 500 });

  call.name('/b');
  call.set({ 'url.path': '/late' });
  call.answered(200);
  call.end({ code: 200 });

  expect(ended).toHaveLength(1);
  expect(ended[0]).toMatchObject({ route: '/a', failed: true });
  expect(ended[0]?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/a',
    'http.response.status_code': 500,
    'error.type': '500',
  });
});

test('an open call can become one of another convention, with its trace and its route', () => {
  const call = open({ convention: RPC_SERVER, operation: 'A/B', attributes: { 'rpc.system.name': 'grpc' } });
  const http = {
    kind: 'server',
    convention: HTTP_SERVER,
    operation: 'GET',
    attributes: { 'url.scheme': 'http' },
  } as const;
  call.name('/a');

  calls.change(call, http);
  call.end({ code: 200 });
  calls.change(call, { ...http, convention: RPC_SERVER });

  expect(ended[0]).toMatchObject({ convention: HTTP_SERVER, operation: 'GET', route: '/a', failed: false });
  expect(ended[0]?.attributes).toEqual({
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'http.route': '/a',
    'http.response.status_code': 200,
  });
});

test('the deadline of a call applies inside it only if deadlines are propagated', () => {
  const start = { kind: 'server', convention: RPC_SERVER, operation: 'A/B', attributes: {} } as const;
  const options = { observers: [], knownOperations: {} };
  const limiting = createCalls({ ...options, propagateDeadlines: true });
  const free = createCalls(options);

  expect(limiting.open({ ...start, deadline: 7 })?.run(() => limiting.deadline)).toBe(7);
  expect(limiting.open(start)?.run(() => limiting.deadline)).toBeUndefined();
  expect(limiting.deadline).toBeUndefined();
  expect(free.open({ ...start, deadline: 7 })?.run(() => free.deadline)).toBeUndefined();
});

test('a call recorded after its end keeps the times and ids passed to it', () => {
  const start = {
    kind: 'consumer',
    convention: TEMPORAL_WORKFLOW,
    operation: 'RunWorkflow:A',
    attributes: {},
  } as const;
  const past = {
    startedAt: 1_000,
    endedAt: 3_500,
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    sampled: true,
  };

  calls.recordEnded(
    { ...start, route: 'RunWorkflow:A' },
    { ...past, parentSpanId: 'c'.repeat(16) },
    { code: 'completed' },
  );

  expect(ended[0]).toMatchObject({ route: 'RunWorkflow:A', duration: 2.5, failed: false, ended: past });

  calls.recordEnded(
    { ...start, route: 'RunWorkflow:A' },
    { ...past, endedAt: 500, parentSpanId: undefined },
    { code: 'completed' },
  );
  expect(ended[1], 'the clock was set back').toMatchObject({ duration: 0 });
});

test('a convention that a call suppresses is not observed inside it', () => {
  const outer = open({ convention: TEMPORAL_RPC, kind: 'client', suppresses: RPC_CLIENT });
  const inner = { kind: 'client', operation: 'A/B', attributes: {} } as const;

  expect(outer.run(() => calls.open({ ...inner, convention: RPC_CLIENT }))).toBeUndefined();
  const copyOfChunk = { ...RPC_CLIENT };
  expect(outer.run(() => calls.open({ ...inner, convention: copyOfChunk }))).toBeUndefined();
  expect(outer.run(() => calls.open({ ...inner, convention: HTTP_SERVER }))).toBeDefined();
});

test('an explicit error type takes precedence over the type of the exception', () => {
  open().end({ error: new Error('no money'), errorType: 'InsufficientFunds' });

  expect(ended[0]?.attributes['error.type']).toBe('InsufficientFunds');
});

test('run makes the call current and passes on `this`, arguments, result and errors', () => {
  const call = open();
  const self = {};
  const seen = call.run(
    function (this: unknown, a: number, b: number) {
      return [this, a, b, calls.current, trace.getActiveSpan()];
    },
    self,
    1,
    2,
  );

  expect(seen).toEqual([self, 1, 2, call, SPAN]);
  expect(calls.current).toBeUndefined();
  const thrown = new Error('app');
  expect(() =>
    call.run(() => {
      throw thrown;
    }),
  ).toThrow(thrown);
});

test('an unknown operation is _OTHER, and the original is only on the span', () => {
  open({ operation: 'EVIL-7' }).end({ code: 200 });

  expect(ended[0]?.operation).toBe('_OTHER');
  expect(ended[0]?.spanOnlyAttributes).toEqual({ 'http.request.method_original': 'EVIL-7' });
});

test('a gRPC method is _OTHER until the call is named by it', () => {
  const grpc = { convention: RPC_SERVER, operation: 'a.B/C' } as const;
  open(grpc).end({ code: 'UNIMPLEMENTED' });
  open({ ...grpc, route: 'a.B/C' }).end({ code: 'OK' });
  const late = open(grpc);
  late.name('a.B/C');
  late.end({ code: 'NOT_FOUND' });

  expect(ended.map(({ attributes }) => attributes)).toEqual([
    { 'rpc.method': '_OTHER', 'rpc.status_code': 'UNIMPLEMENTED', 'error.type': 'UNIMPLEMENTED' },
    { 'rpc.method': 'a.B/C', 'rpc.status_code': 'OK' },
    { 'rpc.method': 'a.B/C', 'rpc.status_code': 'NOT_FOUND' },
  ]);
  expect(ended.map(({ spanOnlyAttributes }) => spanOnlyAttributes)).toEqual([
    { 'rpc.method_original': 'a.B/C' },
    undefined,
    undefined,
  ]);
});

test('an attribute is a label if the call was opened with it, otherwise only the span has it', () => {
  const call = open({ attributes: { 'network.protocol.version': undefined } });
  call.set({ 'network.protocol.version': '1.1', 'http.resend_count': 2 });
  call.end({ code: 200 });

  expect(ended[0]?.attributes['network.protocol.version']).toBe('1.1');
  expect(ended[0]?.attributes).not.toHaveProperty(['http.resend_count']);
  expect(ended[0]?.spanOnlyAttributes).toEqual({ 'http.resend_count': 2 });
});

test('a call is found by its subjects', () => {
  const [request, response] = [{}, {}];
  const call = open({ subjects: [request, response] });

  expect([calls.of(request), calls.of(response), calls.of({})]).toEqual([call, call, undefined]);
});

test('a server call is not a child of the call in which its server was created', () => {
  const outer = open();
  let parent: unknown;
  const child = createCalls({
    knownOperations: {},
    observers: [
      {
        start: (_, given) => {
          parent = trace.getSpan(given);
          return undefined;
        },
        end: () => {},
      },
    ],
  });

  outer.run(() => child.open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', attributes: {} }));
  expect(parent).toBeUndefined();
  outer.run(() => child.open({ kind: 'client', convention: HTTP_CLIENT, operation: 'GET', attributes: {} }));
  expect(parent).toBe(SPAN);
});

test('a call links once to each sender of a message, up to a limit, until it has ended', () => {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const linking = createCalls({ observers: [observer], knownOperations: {} });
  const from = (i: number) => ({ traceparent: `00-${'a'.repeat(32)}-${String(i).padStart(16, '0')}-01` });
  const linked = (count: number, first = 1) => Array.from({ length: count }, (_, i) => from(first + i));

  const call = linking.open({
    kind: 'consumer',
    convention: HTTP_SERVER,
    links: [from(1), {}, { traceparent: 'nonsense' }, from(1), from(2)],
  }) as NonNullable<ReturnType<typeof linking.open>>;
  expect((call as unknown as CallRecord).links).toMatchObject({ size: 2, dropped: 0 });

  linking.link(call, linked(127, 3));
  expect((call as unknown as CallRecord).links).toMatchObject({ size: 128, dropped: 1 });
  linking.link(call, linked(10));
  expect((call as unknown as CallRecord).links).toMatchObject({ size: 128, dropped: 11 });

  call.end({});
  linking.link(call, linked(10));
  expect(ended[0]?.links).toMatchObject({ size: 128, dropped: 11 });
});

test("Redhook's own traffic is not observed", () => {
  const server = {};
  markAsOwn(server);

  expect(
    asOwnTraffic(() =>
      calls.open({ kind: 'client', convention: HTTP_CLIENT, operation: 'GET', attributes: {} }),
    ),
  ).toBeUndefined();
  expect([calls.isOwn(server), calls.isOwn({})]).toEqual([true, false]);
});

describe('when the process ends', () => {
  test('open calls end as aborted, or with the error that ended the process', () => {
    open();
    calls.endAll();
    open();
    calls.endAll(new RangeError('crash'));

    expect(ended.map(({ attributes }) => attributes['error.type'])).toEqual(['aborted', 'RangeError']);
  });

  test('a client call whose status has arrived has not failed', () => {
    open({ kind: 'client' }).answered(204);
    calls.endAll();

    expect(ended[0]).toMatchObject({ failed: false, code: 204 });
  });
});

test('an observer that throws is logged in one line, and the other observers still run', () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const faulty: CallObserver = {
    end: () => {
      throw new Error('ours');
    },
  };
  const both = createCalls({
    observers: [faulty, observer],
    knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
  });

  both
    .open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', attributes: {} })
    ?.end({ code: 200 });

  expect(ended).toHaveLength(1);
  expect(error).toHaveBeenCalledWith('a call was not recorded: ours', expect.anything());
});

test.each([
  ['whose code throws', { error: Object.defineProperty(new Error(), 'code', { get: throwing }) }, 'Error'],
  ['that is a hostile proxy', { error: new Proxy({}, { get: throwing, has: throwing }) }, '_OTHER'],
  ['without a prototype', { error: Object.create(null) }, '_OTHER'],
])('a call that ends with an error %s is counted as failed', (_, outcome, type) => {
  const call = open();

  expect(() => call.end(outcome)).not.toThrow();

  expect(ended).toHaveLength(1);
  expect(ended[0]).toMatchObject({ failed: true, attributes: { 'error.type': type } });
});

test('a call whose outcome cannot be judged is counted, and nothing is thrown', () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {});
  const call = open({ convention: { ...HTTP_SERVER, isFailure: throwing } });

  expect(() => call.end({ code: 200 })).not.toThrow();

  expect(ended).toHaveLength(1);
  expect(error).toHaveBeenCalledWith('a call was not recorded: lazy', expect.anything());
});

test('headers that can no longer be written do not prevent the call from being recorded', () => {
  const debug = vi.spyOn(log, 'debug').mockImplementation(() => {});
  const call = open({
    kind: 'client',
    injectInto: {
      get: () => undefined,
      set: () => {
        throw new Error('already sent');
      },
    },
  });

  call.end({ code: 200 });

  expect(ended).toHaveLength(1);
  expect(debug.mock.calls.length).toBeLessThanOrEqual(1);
});

test('a propagator that throws does not prevent the call from being counted', () => {
  propagation.setGlobalPropagator({ inject: throwing, extract: throwing, fields: () => ['traceparent'] });
  try {
    const strict = createCalls({ observers: [observer], knownOperations: {} });
    const extractFrom = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    const call = strict.open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', extractFrom });
    call?.end({ code: 200 });
  } finally {
    propagation.disable();
  }

  expect(ended).toHaveLength(1);
});

test('a bound function runs in the context in which it was bound, with its own this', () => {
  const call = open();
  const bound = call.run(() =>
    calls.bind(function (this: unknown, value: number) {
      return [this, value, calls.current];
    }),
  );
  const self = {};

  expect(bound.call(self, 1)).toEqual([self, 1, call]);
});

test('log lines have fields inside a trace alone', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const span = trace.wrapSpanContext({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 0 });

  expect(calls.logFields).toBeUndefined();
  expect(context.with(trace.setSpan(context.active(), SPAN), () => calls.logFields)).toBeUndefined();
  expect(context.with(trace.setSpan(context.active(), span), () => calls.logFields)).toEqual({
    trace_id: traceId,
    span_id: 'b7ad6b7169203331',
    trace_flags: '00',
  });
});
