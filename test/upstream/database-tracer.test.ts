import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { Instrumentation } from '../../src/instrumentation.js';
import { DB_CLIENT } from '../../src/semconv/db.js';
import { databaseTracer } from '../../src/upstream/database-tracer.js';
import { record } from '../support/recorder.js';
import { inTrace, newTraceId } from '../support/trace.js';

const instrumentation: Instrumentation = { name: 'x', observes: '', conventions: [DB_CLIENT], targets: [] };
const recorder = record(instrumentation);
const tracer = databaseTracer(recorder.calls, (fn) => fn);
const CLIENT = { kind: SpanKind.CLIENT };

test('a client span is a call with its labels, and nothing else of it', async () => {
  const id = newTraceId();
  inTrace(id, () => {
    const span = tracer.startSpan('query', { ...CLIENT, attributes: { 'db.system.name': 'cassandra' } });
    span.setAttributes({ 'db.operation.name': 'SELECT', 'db.query.text': "SELECT 'secret'" });
    span.setAttribute('db.collection.name', 'orders');
    span.updateName('anything').addEvent('event');
    span.end();
    span.end();
  });

  const [call] = await recorder.take(1);
  expect(call).toMatchObject({ kind: 'client', traceId: id, route: 'SELECT orders', error: undefined });
  expect(call?.attributes).toEqual({
    'db.system.name': 'cassandra',
    'db.collection.name': 'orders',
    'db.operation.name': 'SELECT',
    'db.query.summary': 'SELECT orders',
  });
});

test('an exception counts before the text of a status, and a status alone is an error', async () => {
  const failed = tracer.startSpan('query', CLIENT);
  failed.recordException(new RangeError('too far'));
  failed.setStatus({ code: SpanStatusCode.ERROR, message: 'too far' });
  failed.end();
  const refused = tracer.startSpan('query', CLIENT);
  refused.setStatus({ code: SpanStatusCode.ERROR });
  refused.end();
  const passed = tracer.startSpan('query', CLIENT);
  passed.setStatus({ code: SpanStatusCode.OK });
  passed.end();

  expect((await recorder.take(3)).map(({ error }) => error)).toEqual(['RangeError', 'error', undefined]);
});

test('what is made inside a span has it as its parent', async () => {
  tracer.startActiveSpan('outer', CLIENT, (outer) => {
    const inner = context.with(trace.setSpan(context.active(), outer), () =>
      tracer.startSpan('inner', CLIENT),
    );
    inner.end();
    outer.end();
  });

  const [inner, outer] = await recorder.take(2);
  expect(inner?.parentSpanId).toBe(outer?.spanId);
  expect(inner?.traceId).toBe(outer?.traceId);
});

test('a span of another kind is not recorded, and what is made inside it has the parent around it', async () => {
  const id = newTraceId();
  inTrace(id, () => {
    tracer.startActiveSpan('acquire a connection', (pool) => {
      tracer.startSpan('query', CLIENT).end();
      pool.end();
    });
  });

  expect(await recorder.take(1)).toMatchObject([{ traceId: id }]);
});
