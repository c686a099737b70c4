/** What crosses the boundary of a service: incoming context, outgoing context, headers on spans. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { freePort, runApp, startApp } from '../support/app.js';
import { type ReceivedSpan, startCollector } from '../support/collector.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, tracestate: 'a=b', baggage: 'tenant=a' };
/** Its own, two calls to itself, and both sides of each. */
const SPANS = 5;

const folder = mkdtempSync(join(tmpdir(), 'redhook-trust-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Sent {
  byFetch: Record<string, string>;
  byHttp: Record<string, string>;
}

async function ask(
  config: string,
  headers: Record<string, string> = {},
  target = '127.0.0.1',
): Promise<{ sent: Sent; spans: ReceivedSpan[]; stderr: string }> {
  const file = join(folder, `${await freePort()}.yaml`);
  writeFileSync(file, config);
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const app = await startApp('trust.cjs', {
    env: {
      REDHOOK_CONFIG_FILE: file,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
    },
  });
  onTestFinished(() => app.stop());
  const answer = await fetch(app.url, { headers: { 'x-target': target, ...headers } });
  const sent = (await answer.json()) as Sent;
  app.signal('SIGTERM');
  await app.ended;
  return { sent, spans: collector.spans, stderr: app.stderr() };
}

const root = (spans: ReceivedSpan[]): ReceivedSpan | undefined =>
  spans.find(({ kind, attributes }) => kind === 'SERVER' && attributes['url.path'] === '/');

test('by default the trace of the caller is continued, and passed on to every host', async () => {
  const { sent, spans } = await ask('', CALLER);

  expect(spans).toHaveLength(SPANS);
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  for (const headers of [sent.byFetch, sent.byHttp]) {
    expect(headers['traceparent']).toContain(TRACE);
    expect(headers['baggage']).toBe('tenant=a');
  }
});

test.each(['link', 'ignore'])('with %s the caller decides nothing', async (incoming) => {
  const unsampled = { ...CALLER, traceparent: CALLER.traceparent.replace(/1$/, '0') };
  const { sent, spans } = await ask(`trust: {incoming: ${incoming}}`, unsampled);

  const entry = root(spans);
  expect(entry).toMatchObject({ parentSpanId: '', traceState: '' });
  expect(entry?.traceId).not.toBe(TRACE);
  expect(entry?.links.map(({ traceId }) => traceId)).toEqual(incoming === 'link' ? [TRACE] : []);
  expect(sent.byHttp['baggage']).toBeUndefined();
});

test('context goes to the listed hosts alone', async () => {
  const config = 'trust: {outgoing: [localhost, "*.internal"]}';
  const inside = await ask(config, CALLER, 'localhost');
  const outside = await ask(config, CALLER, '127.0.0.1');

  for (const headers of [inside.sent.byFetch, inside.sent.byHttp])
    expect(headers).toHaveProperty('traceparent');
  for (const headers of [outside.sent.byFetch, outside.sent.byHttp])
    for (const name of Object.keys(CALLER)) expect(headers).not.toHaveProperty(name);
  expect(outside.spans).toHaveLength(SPANS);
});

test.each([
  ['localhost', true],
  ['127.0.0.1', false],
])('over HTTP/2, as HTTP and as gRPC, %s receives context: %s', async (target, expected) => {
  const file = join(folder, `${target}.yaml`);
  writeFileSync(file, 'trust: {outgoing: [localhost]}');
  const app = runApp('trust-http2.cjs', {
    env: {
      REDHOOK_CONFIG_FILE: file,
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_METRICS_EXPORTER: 'none',
      TARGET: target,
    },
  });
  onTestFinished(() => app.stop());

  expect((await app.ended).code).toBe(0);
  const arrived = app.stdout().match(/^\{.*$/gm) ?? [];
  expect(arrived.map((headers) => 'traceparent' in JSON.parse(headers))).toEqual([expected, expected]);
});

test('spans carry the listed headers, and none that holds a secret', async () => {
  const { spans, stderr } = await ask(
    `http:
  server: {request_captured_headers: [X-Request-Id, x-absent, cookie], response_captured_headers: [x-answer]}
  client: {request_captured_headers: [x-request-id], response_captured_headers: [x-answer, set-cookie]}`,
    { 'x-request-id': 'of the caller', cookie: 'secret=1' },
  );

  const headersOf = ({ attributes }: ReceivedSpan) =>
    Object.fromEntries(Object.entries(attributes).filter(([name]) => name.includes('.header.')));
  expect(headersOf(root(spans) as ReceivedSpan)).toEqual({
    'http.request.header.x-request-id': ['of the caller'],
    'http.response.header.x-answer': ['one', 'two'],
  });
  const clients = spans.filter(({ kind }) => kind === 'CLIENT').map(headersOf);
  expect(clients.map((each) => each['http.request.header.x-request-id'])).toEqual([
    ['of the client'],
    ['of the client'],
  ]);
  expect(clients.map((each) => [each['http.response.header.x-answer']].flat().join(', '))).toEqual([
    'one, two',
    'one, two',
  ]);
  expect(stderr.match(/found "cookie"|found "set-cookie"/g)).toHaveLength(2);
});
