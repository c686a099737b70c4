import { context, propagation, ROOT_CONTEXT, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import { type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeAll, expect, test } from 'vitest';
import { createCalls } from '../../../src/calls/calls.js';
import { contexts } from '../../../src/calls/context.js';
import type { KeepConfig, RuleConfig, SamplerName } from '../../../src/config/config.js';
import type { Call, CallStart } from '../../../src/instrumentation.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../../src/semconv/http.js';
import { RandomIdGenerator } from '../../../src/telemetry/traces/id-generator.js';
import { createKeeper } from '../../../src/telemetry/traces/keeper.js';
import { isExported } from '../../../src/telemetry/traces/sampled.js';
import { createSampling } from '../../../src/telemetry/traces/sampling.js';
import { createSpanObserver } from '../../../src/telemetry/traces/spans.js';

beforeAll(() => {
  context.setGlobalContextManager(contexts);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});

const ERRORS: KeepConfig = { errors: true, slowerThanMs: Infinity, spans: 1_000, spansPerTrace: 100 };

interface Options {
  sampler?: SamplerName;
  rules?: readonly RuleConfig[];
}

function keeping(keep: Partial<KeepConfig>, { sampler: name = 'always_off', rules = [] }: Options = {}) {
  const exported: ReadableSpan[] = [];
  const started: string[] = [];
  const exporter: SpanProcessor = {
    onStart: (span) => void started.push(span.spanContext().spanId),
    onEnd: (span) => {
      if (isExported(span)) exported.push(span);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  let evicted = 0;
  const keeper = createKeeper({ ...ERRORS, ...keep }, [exporter], {
    add(value) {
      evicted += value;
    },
  });
  const sampling = createSampling({ sampler: { name, ratio: 1 }, rules }, [exporter], keeper);
  const ids = new RandomIdGenerator();
  const spans = createSpanObserver({ resource: emptyResource(), sampling: () => sampling, ids, limits: {} });
  const calls = createCalls({
    observers: [spans],
    knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
  });
  const provider = new TracerProvider({
    sampler: sampling.sampler,
    spanProcessors: sampling.processors as never,
  });
  const open = (start: Partial<CallStart> = {}): Call => {
    const call = calls.open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', ...start });
    if (call === undefined) throw new Error('no call was opened');
    return call;
  };
  const request = () => open({ kind: 'client', convention: HTTP_CLIENT });
  return {
    open,
    request,
    calls,
    exported,
    started,
    tracer: provider.getTracer('own'),
    names: () => exported.map(({ name, kind }) => `${name} ${kind}`),
    evicted: () => evicted,
  };
}

const SERVER = 'GET 1';
const CLIENT = 'GET 2';

test('a trace that is not sampled is sent when its root has failed, with flags that say what was told', () => {
  const { open, request, exported, started, names } = keeping({});

  const call = open();
  call.run(() => request().end({ code: 200 }));
  expect(exported).toEqual([]);
  call.end({ code: 500 });

  expect(names()).toEqual([CLIENT, SERVER]);
  const [child, root] = exported;
  expect(child?.parentSpanContext?.spanId).toBe(root?.spanContext().spanId);
  for (const span of exported) expect(span.spanContext().traceFlags).toBe(TraceFlags.NONE);
  expect(started).toEqual(exported.map((span) => span.spanContext().spanId));
});

test('a trace whose root has not failed is not sent, whatever is inside it', () => {
  const { open, request, exported } = keeping({});

  const call = open();
  call.run(() => request().end({ code: 500 }));
  call.end({ code: 200 });

  expect(exported).toEqual([]);
});

test('a trace is sent when its root was slower than the threshold', async () => {
  const { open, names } = keeping({ errors: false, slowerThanMs: 20 });

  const [fast, slow] = [open(), open()];
  fast.end({ code: 500 });
  await new Promise((wake) => setTimeout(wake, 30));
  slow.end({ code: 200 });

  expect(names()).toEqual([SERVER]);
});

test('what a caller has not sampled is kept too, and sampled traces pass through', () => {
  const { open, exported } = keeping({}, { sampler: 'parentbased_always_on' });
  const from = (flags: string) => ({
    extractFrom: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-${flags}` },
  });

  open(from('00')).end({ code: 500 });
  open(from('00')).end({ code: 200 });
  open(from('01')).end({ code: 200 });

  expect(exported.map((span) => span.spanContext().traceFlags)).toEqual([
    TraceFlags.NONE,
    TraceFlags.SAMPLED,
  ]);
});

test("the application's own spans are kept with the calls around and inside them", () => {
  const { open, request, tracer, names, exported } = keeping({});

  const call = open();
  call.run(() =>
    tracer.startActiveSpan('own', (own) => {
      own.setAttribute('tenant', 'blue');
      trace.getActiveSpan()?.addEvent('seen');
      request().end({ code: 200 });
      own.end();
    }),
  );
  call.run(() => trace.getActiveSpan()?.setAttribute('tenant', 'red'));
  call.end({ code: 500 });

  expect(names()).toEqual([CLIENT, 'own 0', SERVER]);
  expect(exported.map(({ attributes }) => attributes['tenant'])).toEqual([undefined, 'blue', 'red']);
  for (const span of exported) expect(span.spanContext().traceFlags).toBe(TraceFlags.NONE);
});

test('a root of the application decides like a call', () => {
  const { request, tracer, names } = keeping({});

  for (const code of [SpanStatusCode.ERROR, SpanStatusCode.UNSET])
    tracer.startActiveSpan('job', (job) => {
      request().end({ code: 200 });
      job.setStatus({ code });
      job.end();
    });

  expect(names()).toEqual([CLIENT, 'job 0']);
});

test('a span that outlives the root of a kept trace is sent when it ends', () => {
  const { open, request, names } = keeping({});

  const call = open();
  const [late, never] = call.run(() => [request(), request()]);
  call.end({ code: 500 });
  expect(names()).toEqual([SERVER]);
  late?.end({ code: 200 });
  const other = open();
  const lost = other.run(() => request());
  other.end({ code: 200 });
  lost?.end({ code: 200 });

  expect(names()).toEqual([SERVER, CLIENT]);
  never?.end({});
});

test('two calls of one trace are decided for one by one', () => {
  const { open, exported } = keeping({}, { sampler: 'parentbased_always_on' });
  const extractFrom = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` };

  const [good, bad] = [open({ extractFrom }), open({ extractFrom })];
  bad?.end({ code: 500 });
  good?.end({ code: 200 });

  expect(exported).toHaveLength(1);
});

test('what a rule drops is never kept, what it does not sample is', () => {
  const rules: RuleConfig[] = [{ drop: true, path: '/healthz' }, { ratio: 0 }];
  const { open, request, tracer, exported } = keeping({}, { sampler: 'always_on', rules });
  const serve = (path: string) => {
    const call = open({ spanAttributes: () => ({ 'url.path': path }) });
    call.run(() =>
      tracer.startActiveSpan('own', (own) => {
        request().end({ code: 500 });
        own.end();
      }),
    );
    call.end({ code: 500 });
  };

  serve('/healthz');
  expect(exported).toEqual([]);
  serve('/orders');
  expect(exported).toHaveLength(3);
});

test('of a trace with many spans the oldest are let go and counted', () => {
  const { open, request, exported, evicted } = keeping({ spansPerTrace: 3 });

  const call = open();
  const ids = Array.from({ length: 6 }, () =>
    call.run(() => {
      const client = request();
      const id = client.run(() => trace.getActiveSpan()?.spanContext().spanId);
      client.end({ code: 200 });
      return id;
    }),
  );
  call.end({ code: 500 });

  expect(exported.map((span) => span.spanContext().spanId).slice(0, -1)).toEqual(ids.slice(-2));
  expect(evicted()).toBe(4);
});

test('of many traces the oldest is let go, and its spans are counted', () => {
  const { open, request, exported, evicted } = keeping({ spans: 4 });

  const calls = Array.from({ length: 3 }, () => {
    const call = open();
    call.run(() => request().end({ code: 200 }));
    return call;
  });
  for (const call of calls) call.end({ code: 500 });

  expect(exported).toHaveLength(4);
  expect(evicted()).toBe(1);
});

test('what never ends does not stay', () => {
  const { tracer, exported } = keeping({ spans: 10 });

  const jobs = Array.from({ length: 100 }, () => tracer.startSpan('job', {}, ROOT_CONTEXT));
  for (const job of [jobs[0], jobs[89], jobs[90]]) job?.setStatus({ code: SpanStatusCode.ERROR }).end();

  expect(exported.map((span) => span.spanContext())).toEqual([jobs[90]?.spanContext()]);
});
