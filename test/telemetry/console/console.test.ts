import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { build } from 'esbuild';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createConsole } from '../../../src/telemetry/console/console.js';

/** 2026-01-01 in milliseconds. Spans have fixed times, so that the output is predictable. */
const T0 = 1_767_225_600_000;
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

let printed: string[];
let spans: ReturnType<typeof createConsole>;
let tracer: Tracer;

function setUp(colour: boolean): void {
  printed = [];
  spans = createConsole({ colour, write: (text) => printed.push(text) });
  tracer = new TracerProvider({ spanProcessors: [spans] }).getTracer('test');
}

/** The context of a caller in another process. */
function remote(): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: TRACE_ID,
    spanId: 'a'.repeat(16),
    traceFlags: 1,
    isRemote: true,
  });
}

function under(span: Span): Context {
  return trace.setSpan(ROOT_CONTEXT, span);
}

function start(name: string, parent: Context, at = 0, kind = SpanKind.INTERNAL): Span {
  return tracer.startSpan(name, { kind, startTime: T0 + at }, parent);
}

beforeEach(() => setUp(false));

test('prints a trace as a tree when all its spans have ended', () => {
  const server = start('GET /orders/:id', remote(), 0, SpanKind.SERVER);
  const client = start('GET', under(server), 1, SpanKind.CLIENT);
  const inner = start('parse', under(client), 2);
  const load = start('load order', under(server), 10);
  inner.end(T0 + 3);
  client.setAttributes({
    'http.response.status_code': 200,
    'server.address': 'api.example',
    'server.port': 8080,
  });
  client.end(T0 + 9.1);
  load.end(T0 + 11.2);
  expect(printed).toEqual([]);
  server.setAttributes({ 'http.response.status_code': 200, 'server.address': 'not shown' });
  server.end(T0 + 12.4);
  expect(printed.join('').split('\n')).toEqual([
    'trace 4bf92f3577b34da6a3ce929d0e0e4736  4 spans  12.4 ms',
    '└─ SERVER GET /orders/:id  200           12.4 ms',
    '   ├─ CLIENT GET  200  api.example:8080   8.1 ms',
    '   │  └─ INTERNAL parse                   1.0 ms',
    '   └─ INTERNAL load order                 1.2 ms',
    '',
  ]);
});

test('prints the trace of the first link, and how many others there are', () => {
  const linked = ['b', 'c'].map((digit) => ({
    context: { traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1 },
  }));
  for (const links of [linked.slice(0, 1), linked]) {
    tracer.startSpan('process orders', { links, startTime: T0 }, remote()).end(T0 + 1);
  }
  expect(
    printed
      .join('')
      .split('\n')
      .filter((line) => line.includes('linked')),
  ).toEqual([
    `└─ INTERNAL process orders  linked to ${'b'.repeat(32)}  1.0 ms`,
    `└─ INTERNAL process orders  linked to ${'b'.repeat(32)} and 1 more  1.0 ms`,
  ]);
});

test('prints the path of a request without a route', () => {
  for (const route of [undefined, '/orders/:id']) {
    const server = start('GET', remote(), 0, SpanKind.SERVER);
    server.setAttributes({ 'http.response.status_code': 404, 'url.path': '/orders/7' });
    if (route !== undefined) server.setAttribute('http.route', route);
    server.end(T0 + 1);
  }
  expect(printed.map((tree) => tree.split('\n')[1])).toEqual([
    '└─ SERVER GET  404  /orders/7  1.0 ms',
    '└─ SERVER GET  404  1.0 ms',
  ]);
});

test('prints the error of each failed span', () => {
  const server = start('GET', remote(), 0, SpanKind.SERVER);
  const refused = start('GET', under(server), 0, SpanKind.CLIENT);
  refused.setAttributes({ 'server.address': 'db', 'error.type': 'ECONNREFUSED' });
  refused.setStatus({ code: SpanStatusCode.ERROR });
  refused.end(T0 + 1);
  start('own', under(server), 1)
    .setStatus({ code: SpanStatusCode.ERROR })
    .end(T0 + 2);
  server.setAttributes({ 'http.response.status_code': 500, 'error.type': '500' });
  server.setStatus({ code: SpanStatusCode.ERROR });
  server.end(T0 + 3);
  expect(printed.join('').split('\n').slice(1)).toEqual([
    '└─ SERVER GET  500                  3.0 ms',
    '   ├─ CLIENT GET  db  ECONNREFUSED  1.0 ms',
    '   └─ INTERNAL own  error           1.0 ms',
    '',
  ]);
});

test('prints a trace shortly after its root has ended, and late children separately', async () => {
  const server = start('GET', remote());
  const late = start('late', under(server), 1);
  server.end(T0 + 5);
  expect(printed).toEqual([]);
  await vi.waitFor(() => expect(printed).toHaveLength(1));
  expect(printed[0]).toContain('INTERNAL GET');
  late.end(T0 + 500);
  expect(printed).toHaveLength(2);
  expect(printed[1]).toContain('└─ INTERNAL late');
});

test('prints the spans that it holds on flush', () => {
  const server = start('GET', remote());
  start('child', under(server), 1).end(T0 + 2);
  spans.flush();
  expect(printed.join('')).toContain('└─ INTERNAL child');
});

test('prints two consecutive requests of one trace separately', () => {
  start('first', remote()).end(T0 + 1);
  start('second', remote(), 2).end(T0 + 3);
  expect(printed).toHaveLength(2);
});

test('prints no unsampled spans', () => {
  const unsampled = { traceId: TRACE_ID, spanId: 'a'.repeat(16), traceFlags: 0, isRemote: true };
  start('GET', trace.setSpanContext(ROOT_CONTEXT, unsampled)).end();
  spans.flush();
  expect(printed).toEqual([]);
});

test('shows errors in red on a terminal, with the same text as without colours', () => {
  const draw = (colour: boolean) => {
    setUp(colour);
    start('GET', remote())
      .setStatus({ code: SpanStatusCode.ERROR })
      .end(T0 + 1);
    return printed.join('');
  };
  const plain = draw(false);
  const coloured = draw(true);
  expect(coloured).toContain('\x1b[31mINTERNAL GET  error\x1b[0m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours.
  expect(coloured.replaceAll(/\x1b\[\d+m/g, '')).toBe(plain);
});

test('replaces control characters in names', () => {
  start('a\x1b[2J\nb', remote()).end(T0 + 1);
  expect(printed[0]).toContain('INTERNAL a?[2J?b');
});

describe('bounds', () => {
  test('prints the oldest trace when too many are open', () => {
    const open = Array.from({ length: 100 }, (_, i) => {
      const root = start(`root ${i}`, ROOT_CONTEXT);
      start(`child ${i}`, under(root)).end();
      return root;
    });
    expect(printed).toEqual([]);
    start('one more', ROOT_CONTEXT);
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain('child 0');
    open[0]?.end();
    expect(printed).toHaveLength(2);
    expect(printed[1]).toContain('root 0');
  });

  test('prints a trace with too many spans in parts', () => {
    const root = start('root', remote());
    for (let i = 0; i < 1_001; i += 1) start('child', under(root)).end();
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain('  1000 spans  ');
    root.end();
    expect(printed[1]).toContain('  2 spans  ');
  });
});

test('writes to stdout synchronously, before process.exit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-console-'));
  const program = `
    import { TracerProvider } from '@opentelemetry/sdk-trace';
    import { createConsole } from './src/telemetry/console/console.js';
    const spans = createConsole({ colour: false });
    new TracerProvider({ spanProcessors: [spans] }).getTracer('test').startSpan('done').end();
    process.exit(0);`;
  const outfile = join(folder, 'app.js');
  await build({ stdin: { contents: program, resolveDir: '.' }, outfile, bundle: true, platform: 'node' });
  expect(execFileSync(process.execPath, [outfile], { encoding: 'utf8' })).toMatch(
    /^trace [0-9a-f]{32} {2}1 span {2}.*\n└─ INTERNAL done {2}.*\n$/,
  );
  rmSync(folder, { recursive: true });
});

test('prints a trace of producers and consumers as one tree, two seconds after its last span', () => {
  vi.useFakeTimers();
  try {
    const producer = start('StartWorkflow:Order', ROOT_CONTEXT, 0, SpanKind.PRODUCER);
    producer.end(T0 + 1);
    vi.advanceTimersByTime(1_500);
    const consumer = start('RunWorkflow:Order', under(producer), 5, SpanKind.CONSUMER);
    consumer.end(T0 + 9);
    vi.advanceTimersByTime(1_500);
    expect(printed).toEqual([]);

    vi.advanceTimersByTime(500);
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain('   └─ CONSUMER RunWorkflow:Order');
  } finally {
    vi.useRealTimers();
  }
});
