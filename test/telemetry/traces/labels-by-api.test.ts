import { context, type Span, trace } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCalls } from '../../../src/calls/calls.js';
import { contexts } from '../../../src/calls/context.js';
import type { CallObserver } from '../../../src/calls/observer.js';
import type { CallStart, Outcome } from '../../../src/instrumentation.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../../src/semconv/http.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { RandomIdGenerator } from '../../../src/telemetry/traces/id-generator.js';
import { createSpanObserver } from '../../../src/telemetry/traces/spans.js';
import { unrecordedSpans } from '../../../src/telemetry/traces/unrecorded-span.js';

const exporter = new InMemorySpanExporter();

beforeAll(() => void context.setGlobalContextManager(contexts));
beforeEach(() => exporter.reset());

function spansWith(sampler: Sampler): CallObserver {
  const processors = [new SimpleSpanProcessor({ exporter })];
  const sampling = { sampler, unsampled: SamplingDecision.NOT_RECORD, processors };
  return createSpanObserver({
    resource: emptyResource(),
    sampling: () => sampling,
    ids: new RandomIdGenerator(),
    limits: {},
  });
}

/** Makes one call, inside which the application does something with the current span. Returns what was counted. */
function counted(
  spans: CallObserver,
  inside: (span: Span | undefined) => void,
  { code = 200, ...outcome }: Outcome = {},
  start: Partial<CallStart> = {},
) {
  const red = createRed({ maxRoutes: 2, maxSeries: 100, exemplars: 'trace_based' });
  const calls = createCalls({
    observers: [red.observer, spans],
    knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
  });
  const call = calls.open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', ...start });
  call?.run(() => inside(trace.getActiveSpan()));
  call?.end({ code, ...outcome });
  const [histogram] = red.metrics();
  return histogram?.dataPoints.map(({ attributes }) => attributes);
}

const GET = { 'http.request.method': 'GET', 'http.response.status_code': 200 };

describe.each([
  ['recorded', spansWith(new AlwaysOnSampler())],
  ['not sampled', spansWith(new AlwaysOffSampler())],
  ['of a process without traces', unrecordedSpans],
])('a call that is %s', (_, spans) => {
  test('is named by the route that the application sets on its span', () => {
    expect(counted(spans, (span) => span?.setAttribute('http.route', '/x/:id'))).toEqual([
      { ...GET, 'http.route': '/x/:id' },
    ]);
    expect(counted(spans, (span) => span?.setAttributes({ 'http.route': '/y/:id', tenant: 'blue' }))).toEqual(
      [{ ...GET, 'http.route': '/y/:id' }],
    );
  });

  test('is not named by the name of the span, nor by what is no route', () => {
    expect(counted(spans, (span) => span?.updateName('GET /x/7'))).toEqual([GET]);
    for (const value of ['', 7, true, ['/x']])
      expect(counted(spans, (span) => span?.setAttribute('http.route', value))).toEqual([GET]);
  });

  test('counts an error type that the application sets, but not a label that is known better', () => {
    expect(
      counted(spans, (span) =>
        span?.setAttributes({ 'error.type': 'SoldOut', 'http.request.method': 'PUT' }),
      ),
    ).toEqual([{ ...GET, 'error.type': 'SoldOut' }]);
    expect(
      counted(spans, (span) => span?.setAttribute('error.type', 'SoldOut'), { code: 500 }),
    ).toMatchObject([{ 'error.type': '500' }]);
  });
});

test('the span has the same labels, and the name of the call', () => {
  counted(spansWith(new AlwaysOnSampler()), (span) => {
    span
      ?.updateName('GET /x/7')
      .setAttributes({ 'http.route': '/x/:id', 'error.type': 'SoldOut', tenant: 'a' });
  });

  const [span] = exporter.getFinishedSpans();
  expect(span?.name).toBe('GET /x/:id');
  expect(span?.attributes).toEqual({ ...GET, 'http.route': '/x/:id', 'error.type': 'SoldOut', tenant: 'a' });
});

test('a route set by the API counts against the limit of routes', () => {
  const red = createRed({ maxRoutes: 2, maxSeries: 100, exemplars: 'always_off' });
  const calls = createCalls({ observers: [red.observer, unrecordedSpans], knownOperations: {} });
  for (const number of [1, 2, 3]) {
    const call = calls.open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET' });
    call?.run(() => trace.getActiveSpan()?.setAttribute('http.route', `/${number}`));
    call?.end({ code: 200 });
  }

  const points = red.metrics()[0]?.dataPoints.map(({ attributes }) => attributes['http.route']);
  expect(points).toEqual(['/1', '/2', undefined]);
});

test('a client call has no route to set: the attribute is on its span alone', () => {
  const spans = spansWith(new AlwaysOnSampler());
  const start = { kind: 'client', convention: HTTP_CLIENT } as const;

  expect(counted(spans, (span) => span?.setAttribute('http.route', '/x/:id'), {}, start)).toEqual([GET]);
  expect(exporter.getFinishedSpans()[0]).toMatchObject({
    name: 'GET',
    attributes: { 'http.route': '/x/:id' },
  });
});
