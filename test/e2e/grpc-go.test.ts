/** The Go implementation of gRPC on either side: one trace, and the same status on both sides. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { status as STATUS } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type App, listening, runApp, runProgram, startApp } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { hasProgram } from '../support/program.js';
import { sentSpans } from '../support/sent.js';

const BUILD_TIMEOUT_MS = 180_000;
const LATE = ['DEADLINE_EXCEEDED', 'CANCELLED'];

/** The request (see apps/grpc/shop.cjs), the status that the client sees, and the possible statuses of the server. */
const CALLS = [
  { method: 'Get', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'Sum', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'List', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'Chat', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'Get', id: 'NOT_FOUND', seen: 'NOT_FOUND', served: ['NOT_FOUND'] },
  { method: 'Sum', id: 'UNAVAILABLE', seen: 'UNAVAILABLE', served: ['UNAVAILABLE'] },
  { method: 'List', id: 'INTERNAL', seen: 'INTERNAL', served: ['INTERNAL'] },
  { method: 'Chat', id: 'PERMISSION_DENIED', seen: 'PERMISSION_DENIED', served: ['PERMISSION_DENIED'] },
  { method: 'Get', id: 'ok', size: 20_000, seen: 'RESOURCE_EXHAUSTED', served: ['RESOURCE_EXHAUSTED'] },
  // The server's own timer and the reset by its client race.
  { method: 'Get', id: 'silent', leaves: 'late', seen: 'DEADLINE_EXCEEDED', served: LATE },
  { method: 'List', id: 'open', leaves: 'late', seen: 'DEADLINE_EXCEEDED', served: LATE },
  { method: 'Sum', id: 'silent', leaves: 'before', seen: 'CANCELLED', served: ['CANCELLED'] },
  { method: 'Chat', id: 'open', leaves: 'during', seen: 'CANCELLED', served: ['CANCELLED'] },
  { method: 'Missing', id: 'ok', seen: 'UNIMPLEMENTED', served: ['UNIMPLEMENTED'] },
];

describe.runIf(hasProgram('go', 'apt-get install golang-go'))('Go', () => {
  let folder: string;
  let collector: Collector;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'redhook-go-'));
    await promisify(execFile)('go', ['build', '-buildvcs=false', '-o', folder, './...'], {
      cwd: join(import.meta.dirname, '../apps/go'),
      env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' },
    });
    collector = await startCollector();
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function envOf(service: string): Record<string, string> {
    return {
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
    };
  }

  function spansOf(service: string): ReceivedSpan[] {
    return sentSpans(collector, service);
  }

  test('a Go client calls a Node server', async () => {
    const app = await startApp('grpc/server.cjs', { env: envOf('served') });
    onTestFinished(() => app.stop());

    const client = runProgram(join(folder, 'client'), [new URL(app.url).host, JSON.stringify(CALLS)]);
    expect(await client.ended).toEqual({ code: 0, signal: null });
    app.signal('SIGTERM');
    await app.ended;

    const lines = linesOf(client);
    expect(lines.map(({ status }) => status)).toEqual(CALLS.map(({ seen }) => seen));
    expect(spansOf('served')).toHaveLength(CALLS.length);
    const byParent = new Map(
      spansOf('served').map((span) => [traceparent(span.traceId, span.parentSpanId), span]),
    );
    expect([...byParent.keys()].sort()).toEqual(lines.map(({ traceparent }) => traceparent).sort());
    for (const [i, { method, served }] of CALLS.entries()) {
      const span = byParent.get(lines[i]?.traceparent ?? '');
      expect(span?.name).toBe(method === 'Missing' ? 'grpc' : `shop.Orders/${method}`);
      expect(served).toContain(span?.attributes['rpc.status_code']);
    }
  });

  test('a Node client calls a Go server', async () => {
    const server = await listening('the Go server', runProgram(join(folder, 'server')));
    onTestFinished(() => server.stop());

    const args = [new URL(server.url).port, JSON.stringify(CALLS)];
    const app = runApp('grpc/client.cjs', { env: envOf('called'), args });
    expect(await app.ended).toEqual({ code: 0, signal: null });

    expect(app.stdout().trim().split('\n')).toEqual(CALLS.map(({ seen }) => seen));
    const spans = spansOf('called');
    expect(spans.map(({ name, attributes }) => [name, attributes['rpc.status_code']])).toEqual(
      CALLS.map(({ method, seen }) => [`shop.Orders/${method}`, seen]),
    );
    // A call of a missing method never reaches the code of the Go server.
    await expect.poll(() => linesOf(server).length).toBe(CALLS.length - 1);
    const byParent = new Map(linesOf(server).map((line) => [line.traceparent, line.status]));
    for (const [i, { method, served }] of CALLS.entries()) {
      const { traceId, spanId } = spans[i] as ReceivedSpan;
      if (method !== 'Missing') expect(served).toContain(byParent.get(traceparent(traceId, spanId)));
    }
  });
});

/** The calls that a Go program has printed, with the names of their statuses. */
function linesOf(program: App): { traceparent: string; status: string }[] {
  return [...program.stdout().matchAll(/^\{.*\}$/gm)]
    .map(([line]) => JSON.parse(line))
    .map(({ traceparent, status }) => ({ traceparent, status: STATUS[status] as string }));
}

function traceparent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}
