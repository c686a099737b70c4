/**
 * A receiver of OTLP over gRPC that is not always well, in its own process. It keeps what is needed to check that every
 * span arrives once, with the right parent. A message over IPC sets its mode or asks for what it has received.
 */
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Mode, type Received, TRACE_PREFIX } from './messages.mts';
import { fieldsOf, messagesAt } from './wire.mts';

const PREFIX_BYTES = 5;
const MS_PER_SPAN = 10;
const SMALL_BYTES = 100_000;
/** `resource_spans.scope_spans.spans`, and the metrics in the same places, by field numbers. */
const ITEMS = [1, 2, 2];
const SUM_POINTS = [7, 1];
const ATTRIBUTES = [7];
const SERVER = 2;

const ids = new Set<string>();
const series = new Set<string>();
const seriesWhileSmall = new Set<string>();
/** The id of the server span of each trace that is checked, and the parents of its client spans that came earlier. */
const servers = new Map<string, string>();
const early = new Map<string, string[]>();
const counts = { again: 0, rightParents: 0, wrongParents: 0, largestRequest: 0 };

let mode: Mode = 'well';
let port = 0;
let server: Http2Server | undefined;
const sessions = new Set<ServerHttp2Session>();

async function listen(): Promise<void> {
  const opened = createServer({ settings: { initialWindowSize: 4 * 1024 * 1024 } });
  opened.on('sessionError', () => {});
  opened.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session)).on('error', () => {});
  });
  opened.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    void answer(stream, headers[':path'] ?? '').catch(() => {});
  });
  server = opened;
  await new Promise<void>((resolve) => opened.listen(port, '127.0.0.1', resolve));
  ({ port } = opened.address() as AddressInfo);
}

async function answer(stream: ServerHttp2Stream, path: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const body = Buffer.concat(chunks).subarray(PREFIX_BYTES);
  const isTraces = path.includes('TraceService');
  if (mode === 'failing') return refuse(stream, 14, 'busy');
  if (mode === 'small' && body.length > SMALL_BYTES)
    return refuse(stream, 8, `grpc: received message larger than max (${body.length} vs. ${SMALL_BYTES})`);
  counts.largestRequest = Math.max(counts.largestRequest, body.length);
  const items = messagesAt(body, ITEMS);
  if (mode === 'slow') await delay(MS_PER_SPAN * items.length);
  // The exporter has given up, and sends them again.
  if (stream.destroyed) return;
  for (const item of items) (isTraces ? keepSpan : keepMetric)(item);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(PREFIX_BYTES));
}

function refuse(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.destroyed) return;
  const type = { ':status': 200, 'content-type': 'application/grpc' };
  const trailers = { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) };
  stream.respond({ ...type, ...trailers }, { endStream: true });
}

function keepSpan(span: Uint8Array): void {
  let [trace, id, parent, kind] = ['', '', '', 0];
  for (const { number, bytes, value } of fieldsOf(span)) {
    if (number === 1) trace = hex(bytes);
    else if (number === 2) id = hex(bytes);
    else if (number === 4) parent = hex(bytes);
    else if (number === 6) kind = value;
  }
  if (ids.has(trace + id)) {
    counts.again += 1;
    return;
  }
  ids.add(trace + id);
  if (!trace.startsWith(TRACE_PREFIX)) return;
  if (kind === SERVER) {
    check(parent === trace.slice(16));
    servers.set(trace, id);
    for (const each of early.get(trace) ?? []) check(each === id);
    early.delete(trace);
  } else {
    const expected = servers.get(trace);
    if (expected === undefined) early.set(trace, [...(early.get(trace) ?? []), parent]);
    else check(parent === expected);
  }
}

function check(isRight: boolean): void {
  if (isRight) counts.rightParents += 1;
  else counts.wrongParents += 1;
}

function keepMetric(metric: Uint8Array): void {
  const [name] = messagesAt(metric, [1]);
  const text = Buffer.from(name ?? []).toString();
  if (!text.startsWith('stress_')) return;
  for (const point of messagesAt(metric, SUM_POINTS)) {
    const key = text + messagesAt(point, ATTRIBUTES).map(hex).join();
    series.add(key);
    if (mode === 'small') seriesWhileSmall.add(key);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

async function change(next: Mode): Promise<void> {
  if (next === 'down') {
    server?.close();
    for (const session of sessions) session.destroy();
  } else if (mode === 'down') {
    await listen();
  }
  mode = next;
}

process.on('disconnect', () => process.exit());
process.on('message', async (message: Mode | 'report') => {
  if (message !== 'report') await change(message);
  const report: Received = {
    ...counts,
    spans: ids.size,
    series: series.size,
    seriesWhileSmall: seriesWhileSmall.size,
  };
  process.send?.(report);
});
await listen();
process.send?.(port);
