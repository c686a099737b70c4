import { context, propagation, type Span, TraceFlags, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createCalls } from '../../../src/calls/calls.js';
import { contexts } from '../../../src/calls/context.js';
import type { RuleConfig, SamplerName } from '../../../src/config/config.js';
import type { Call, CallStart } from '../../../src/instrumentation.js';
import { DB_CLIENT } from '../../../src/semconv/db.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../../src/semconv/http.js';
import { RPC_CLIENT, RPC_SERVER } from '../../../src/semconv/rpc.js';
import { TEMPORAL_ACTIVITY } from '../../../src/semconv/temporal.js';
import { RandomIdGenerator } from '../../../src/telemetry/traces/id-generator.js';
import { rateLimit } from '../../../src/telemetry/traces/rules.js';
import { createSampling } from '../../../src/telemetry/traces/sampling.js';
import { createSpanObserver } from '../../../src/telemetry/traces/spans.js';

const exporter = new InMemorySpanExporter();
const processors = [new SimpleSpanProcessor({ exporter })];

beforeAll(() => {
  context.setGlobalContextManager(contexts);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
beforeEach(() => exporter.reset());

/** Calls, and a tracer for the application's own spans, under these rules. */
function under(rules: readonly RuleConfig[], name: SamplerName = 'parentbased_always_on', ratio = 1) {
  const sampling = createSampling({ sampler: { name, ratio }, rules }, processors);
  const ids = new RandomIdGenerator();
  const spans = createSpanObserver({ resource: emptyResource(), sampling: () => sampling, ids, limits: {} });
  const ended: (Span | undefined)[] = [];
  const calls = createCalls({
    observers: [spans, { end: ({ span }) => void ended.push(span) }],
    knownOperations: { [HTTP_SERVER.operation]: ['GET', 'POST'] },
  });
  const provider = new TracerProvider({ sampler: sampling.sampler, spanProcessors: processors });
  return { calls, ended, tracer: provider.getTracer('own') };
}

type Calls = ReturnType<typeof under>['calls'];

function serve(calls: Calls, path: string, start: Partial<CallStart> = {}): Call {
  return opened(calls, {
    kind: 'server',
    convention: HTTP_SERVER,
    operation: 'GET',
    spanAttributes: () => ({ 'url.path': path }),
    ...start,
  });
}

function request(calls: Calls, url: string, headers: Record<string, string> = {}): Call {
  return opened(calls, {
    kind: 'client',
    convention: HTTP_CLIENT,
    operation: 'GET',
    attributes: { 'server.address': new URL(url).hostname },
    spanAttributes: () => ({ 'url.full': url }),
    injectInto: {
      get: (name) => headers[name],
      set: (name, value) => void Object.assign(headers, { [name]: value }),
    },
  });
}

function opened(calls: Calls, start: CallStart): Call {
  const call = calls.open(start);
  if (call === undefined) throw new Error('no call was opened');
  return call;
}

function finished() {
  return exporter.getFinishedSpans();
}

function spanContextIn(call: Call) {
  return call.run(() => trace.getActiveSpan()?.spanContext());
}

const DROP_HEALTH: RuleConfig = { drop: true, path: '/healthz' };

test.each([
  ['path', { path: '/a/*' }, true],
  ['path', { path: '/b/*' }, false],
  ['route', { route: '/a/:id' }, true],
  ['route', { route: '/a/:id/items' }, false],
  ['method', { method: 'GET' }, true],
  ['method', { method: 'POST' }, false],
  ['kind', { kind: 'server' }, true],
  ['kind', { kind: 'client' }, false],
  ['service', { service: '*' }, false],
  ['nothing', {}, true],
  ['all of them', { path: '/a/*', route: '/a/:id', method: 'GET', kind: 'server' }, true],
  ['all of them', { path: '/a/*', route: '/a/:id', method: 'POST', kind: 'server' }, false],
] as const)('a rule by %s (%o) decides for GET /a/7: %s', (_, conditions, expected) => {
  const { calls } = under([{ drop: true, ...conditions }]);

  serve(calls, '/a/7').end({ code: 200 });

  expect(finished()).toHaveLength(expected ? 0 : 1);
});

test.each([
  ['the host', { service: 'cache.internal' }, ['HTTP']],
  ['a pattern of the host', { service: '*.internal' }, ['HTTP']],
  ['the path of the URL', { path: '/keys/*' }, ['HTTP']],
  ['the service of an RPC', { service: 'shop.Orders' }, ['RPC client', 'RPC server']],
  ['the method of an RPC', { route: 'shop.Orders/Get' }, ['RPC client', 'RPC server']],
  ['a pattern of the methods of RPCs', { route: 'shop.*', kind: 'server' }, ['RPC server']],
  ['the path of an RPC', { path: '/shop.Orders/*' }, ['RPC client', 'RPC server']],
  ['the name of a query', { route: 'SELECT *' }, ['DB']],
] as const)('a rule by %s (%o) drops %j', (_, conditions, expected) => {
  const { calls, ended } = under([{ drop: true, ...conditions }]);
  const made: Record<string, () => Call> = {
    HTTP: () => request(calls, 'https://cache.internal/keys/7?x=1'),
    'RPC client': () => opened(calls, { kind: 'client', convention: RPC_CLIENT, route: 'shop.Orders/Get' }),
    // A method that the server does not know yet has no route.
    'RPC server': () =>
      opened(calls, { kind: 'server', convention: RPC_SERVER, operation: 'shop.Orders/Get' }),
    DB: () => opened(calls, { kind: 'client', convention: DB_CLIENT, route: 'SELECT orders' }),
  };
  for (const make of Object.values(made)) make().end({});

  const dropped = Object.keys(made).filter((_, i) => !ended[i]?.spanContext().traceFlags);
  expect(dropped).toEqual(expected);
});

test('the first rule that matches decides', () => {
  const { calls } = under([
    { path: '/a/b', ratio: 1 },
    { path: '/a/*', drop: true },
  ]);

  for (const path of ['/a/b', '/a/c']) serve(calls, path).end({ code: 200 });

  expect(finished().map(({ attributes }) => attributes['url.path'])).toEqual(['/a/b']);
});

test.each<SamplerName>(['parentbased_always_on', 'always_on', 'traceidratio'])(
  'what is inside a dropped server call is not recorded, and told so, with the sampler %s',
  (sampler) => {
    const { calls, tracer } = under([DROP_HEALTH], sampler);
    const headers: Record<string, string> = {};

    const server = serve(calls, '/healthz');
    server.run(() => {
      tracer.startActiveSpan('own', (own) => {
        request(calls, 'http://db/', headers).end({ code: 200 });
        own.end();
      });
    });
    const inside = spanContextIn(server);
    server.end({ code: 200 });

    expect(finished()).toEqual([]);
    expect(inside?.traceFlags).toBe(TraceFlags.NONE);
    expect(headers['traceparent']).toMatch(new RegExp(`^00-${inside?.traceId}-.*-00$`));
  },
);

test('a dropped health check is not recorded, even if its caller has sampled the trace', () => {
  const { calls } = under([DROP_HEALTH]);

  for (const path of ['/healthz', '/other']) serveFrom(calls, path, TraceFlags.SAMPLED).end({ code: 200 });

  expect(finished().map(({ attributes }) => attributes['url.path'])).toEqual(['/other']);
});

test('a dropped client call has no span, and its callee is a child of the span around it', () => {
  const { calls, ended } = under([{ kind: 'client', service: 'cache', drop: true }], 'always_on');

  const headers: Record<string, string> = {};
  const server = serve(calls, '/a');
  server.run(() => request(calls, 'http://cache/', headers).end({ code: 200 }));
  server.end({ code: 200 });

  const [span, ...others] = finished();
  expect(others).toEqual([]);
  expect(ended[0]).toBeUndefined();
  expect(headers['traceparent']).toBe(`00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`);
});

test('where a dropped client call begins a trace, its callee is told that this is not sampled', () => {
  const { calls } = under([{ kind: 'client', drop: true }], 'always_on');
  const headers: Record<string, string> = {};

  request(calls, 'http://cache/', headers).end({ code: 200 });

  expect(finished()).toEqual([]);
  expect(headers['traceparent']).toMatch(/-00$/);
});

test('work that is picked up is the root of what happens here, like a request that arrives', () => {
  const { calls } = under([{ kind: 'consumer', route: 'RunActivity:*', drop: true }], 'always_on');
  const activity = (route: string) =>
    opened(calls, {
      kind: 'consumer',
      convention: TEMPORAL_ACTIVITY,
      route,
      extractFrom: { traceparent: `00-${'f'.repeat(32)}-${'b'.repeat(16)}-01` },
    });

  for (const route of ['RunActivity:charge', 'Other:charge']) {
    const call = activity(route);
    call.run(() => request(calls, 'http://cache/').end({ code: 200 }));
    call.end({});
  }

  expect(finished().map(({ name }) => name)).toEqual(['GET', 'Other:charge']);
});

test('a ratio decides for a trace where there is no caller whose decision stands', () => {
  const rules: RuleConfig[] = [
    { path: '/never', ratio: 0 },
    { path: '/always', ratio: 1 },
  ];
  const paths = ['/never', '/always', '/other'];
  const recorded = (sampler: SamplerName, flags?: TraceFlags) => {
    exporter.reset();
    const { calls } = under(rules, sampler, 0);
    for (const path of paths)
      (flags === undefined ? serve(calls, path) : serveFrom(calls, path, flags)).end({ code: 200 });
    return finished().map(({ attributes }) => attributes['url.path']);
  };

  expect(recorded('parentbased_always_on')).toEqual(['/always', '/other']);
  expect(recorded('parentbased_always_on', TraceFlags.SAMPLED)).toEqual(paths);
  expect(recorded('parentbased_always_on', TraceFlags.NONE)).toEqual([]);
  expect(recorded('traceidratio')).toEqual(['/always']);
  expect(recorded('traceidratio', TraceFlags.SAMPLED)).toEqual(['/always']);
});

test('what is inside a call that a rule has sampled is recorded too, whatever the sampler', () => {
  const { calls, tracer } = under([{ path: '/always', ratio: 1 }], 'always_off');

  const server = serve(calls, '/always');
  server.run(() =>
    tracer.startActiveSpan('own', (own) => {
      request(calls, 'http://db/').end({ code: 200 });
      own.end();
    }),
  );
  server.end({ code: 200 });

  expect(finished().map(({ name }) => name)).toEqual(['GET', 'own', 'GET']);
});

test('a rate wins over the caller, and what is beyond it is not recorded', () => {
  const { calls } = under([{ path: '/busy', rate: 2 }]);

  for (let i = 0; i < 5; i += 1) serveFrom(calls, '/busy', TraceFlags.SAMPLED).end({ code: 200 });
  serveFrom(calls, '/busy', TraceFlags.NONE).end({ code: 200 });

  expect(finished()).toHaveLength(2);
});

test('a rate of client calls leaves out those beyond it', () => {
  const { calls } = under([{ kind: 'client', rate: 1 }]);

  const server = serve(calls, '/a');
  server.run(() => {
    for (let i = 0; i < 3; i += 1) request(calls, 'http://cache/').end({ code: 200 });
  });
  server.end({ code: 200 });

  expect(finished()).toHaveLength(2);
});

test('a rate admits what was not used within a second, and no more', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const admits = rateLimit(2);
  const admittedAt = (ms: number, count: number) => {
    clock.mockReturnValue(ms);
    return Array.from({ length: count }, () => admits()).filter(Boolean).length;
  };

  expect([admittedAt(0, 5), admittedAt(500, 5), admittedAt(60_000, 5)]).toEqual([2, 1, 2]);
  clock.mockReturnValue(0);
  const seldom = rateLimit(0.1);
  expect(seldom()).toBe(true);
  clock.mockReturnValue(9_900);
  expect(seldom()).toBe(false);
  clock.mockReturnValue(10_001);
  expect(seldom()).toBe(true);
  clock.mockRestore();
});

test('rules do not decide for a call whose ids are given away before it is recorded', () => {
  const { calls } = under([{ drop: true }]);

  calls.recordEnded(
    { kind: 'consumer', convention: HTTP_SERVER, operation: 'GET' },
    {
      startedAt: 1,
      endedAt: 2,
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      parentSpanId: 'c'.repeat(16),
      sampled: true,
    },
    {},
  );

  expect(finished()).toHaveLength(1);
});

test('without rules there is nothing to ask', () => {
  expect(createSampling({ sampler: { name: 'always_on', ratio: 1 }, rules: [] }, [])).not.toHaveProperty(
    'rules',
  );
});

/** A server call whose caller has sampled its trace, or not. */
function serveFrom(calls: Calls, path: string, traceFlags: TraceFlags): Call {
  const caller = `00-${'f'.repeat(32)}-${'b'.repeat(16)}-0${traceFlags}`;
  return serve(calls, path, { extractFrom: { traceparent: caller } });
}
