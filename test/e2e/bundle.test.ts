/** Applications bundled into one file, by every bundler: which calls are still observed, and which are not. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type AppOptions, NODES, runApp, startApp } from '../support/app.js';
import { BUNDLERS } from '../support/bundlers.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { drive } from '../support/drive.js';
import { countBy } from '../support/load.js';
import { shop } from '../support/shop.js';

const TEST = join(import.meta.dirname, '..');
const ROUNDS = 20;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

const APPS = ['apps/grpc/app.cjs', 'apps/grpc/server.cjs', 'apps/logs.cjs', 'apps/orders/app.cjs'];

/** One bundler on every Node, the others on one. */
const CASES = [
  ...Object.keys(NODES).map((version) => ['esbuild', version] as const),
  ...(['rollup', 'webpack'] as const).map((bundler) => [bundler, '24'] as const),
];

const root = mkdtempSync(join(tmpdir(), 'redhook-bundle-'));
let collector: Collector;
beforeAll(async () => {
  for (const [bundler, bundle] of Object.entries(BUNDLERS)) {
    await bundle(TEST, APPS, join(root, bundler));
    cpSync(join(TEST, 'support/shop.proto'), join(root, bundler, 'support/shop.proto'));
  }
  collector = await startCollector();
}, 300_000);
afterAll(async () => {
  await collector?.close();
  rmSync(root, { recursive: true, force: true });
});

function optionsOf(service: string, version: string): AppOptions {
  return {
    node: NODES[version as keyof typeof NODES],
    env: {
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'otlp',
    },
  };
}

describe.each(CASES)('%s, Node %s', (bundler, version) => {
  const folder = join(root, bundler);

  test('gRPC servers and clients are observed with methods and statuses', async () => {
    const service = `grpc-${bundler}-${version}`;
    const app = runApp(join(folder, 'apps/grpc/app.cjs'), {
      ...optionsOf(service, version),
      args: [String(ROUNDS)],
    });
    expect(await app.ended).toEqual({ code: 0, signal: null });

    const expected = new Map<string, number>();
    for (const kind of ['CLIENT', 'SERVER']) {
      expected.set(`${kind} _OTHER UNIMPLEMENTED`, ROUNDS);
      // The first answer. Where nobody registers methods, only those are known that were answered with OK.
      expected.set(`${kind} _OTHER NOT_FOUND`, 1);
      expected.set(`${kind} shop.Orders/Get NOT_FOUND`, ROUNDS - 1);
      for (const method of ['Chat', 'Get', 'List', 'Sum'])
        expected.set(`${kind} shop.Orders/${method} OK`, ROUNDS);
    }
    expect(spansOf(service)).toEqual(expected);
    expect(countsOf(service)).toEqual(expected);
    const made = new Map(spansIn(service).map((span) => [span.spanId, span]));
    const served = spansIn(service).filter(({ kind }) => kind === 'SERVER');
    expect(served.map(({ parentSpanId }) => made.get(parentSpanId ?? '')?.kind)).toEqual(
      Array(served.length).fill('CLIENT'),
    );
  });

  test('a gRPC server joins the trace of its caller and names a method that it has answered before', async () => {
    const service = `server-${bundler}-${version}`;
    const app = await startApp(join(folder, 'apps/grpc/server.cjs'), optionsOf(service, version));
    onTestFinished(() => app.stop());
    const client = shop.connect(Number(new URL(app.url).port));
    const headers = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
    await shop.ask(client, { method: 'List', id: 'ok' }, headers);
    await shop.ask(client, { method: 'List', id: 'open', leaves: 'during' }, headers);
    await shop.ask(client, { method: 'Get', id: 'ok' }, headers);
    client.close();
    app.signal('SIGTERM');
    await app.ended;

    const served = new Map([
      ['SERVER shop.Orders/List CANCELLED', 1],
      ['SERVER shop.Orders/Get OK', 1],
      ['SERVER shop.Orders/List OK', 1],
    ]);
    expect(spansOf(service)).toEqual(served);
    expect(countsOf(service)).toEqual(served);
    expect(new Set(spansIn(service).map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
  });

  test.each(['9', '10'])(
    'lines of pino %s have the ids, and a request its operation of GraphQL 17',
    async (pino) => {
      const service = `logs-${pino}-${bundler}-${version}`;
      const options = optionsOf(service, version);
      const app = await startApp(join(folder, 'apps/logs.cjs'), {
        ...options,
        env: { ...options.env, PINO: pino },
      });
      onTestFinished(() => app.stop());
      const response = await fetch(app.url, {
        headers: { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` },
      });
      expect(await response.json()).toEqual({ data: { item: 'book' } });
      app.signal('SIGTERM');
      await app.ended;

      const [span] = spansIn(service);
      const ids = `"trace_id":"${TRACE_ID}","span_id":"${span?.spanId}","trace_flags":"01"`;
      // pino writes asynchronously, so the order beside the line of console.log is left open.
      const lines = app.stdout().trim().split('\n');
      expect(lines.filter((line) => line.startsWith('{'))).toEqual([
        '{"level":30,"b":2,"msg":"started"}',
        `{"level":30,"a":1,"msg":"asked",${ids}}`,
      ]);
      expect(span?.attributes['graphql.operation.name']).toBe('Item');
    },
  );

  test('HTTP is observed completely', async () => {
    const [bundled, plain] = [`bundled-${bundler}-${version}`, `plain-${bundler}-${version}`];
    for (const [service, file] of [
      [bundled, join(folder, 'apps/orders/app.cjs')],
      [plain, 'orders/app.cjs'],
    ] as const) {
      const app = await startApp(file, optionsOf(service, version));
      onTestFinished(() => app.stop());
      await drive(app.url);
      app.signal('SIGTERM');
      await app.ended;
    }

    expect(spansOf(plain).get('SERVER GET /orders/:id 200')).toBe(3);
    expect(spansOf(bundled)).toEqual(spansOf(plain));
    expect(countsOf(bundled)).toEqual(spansOf(plain));
  });
});

function spansIn(service: string): ReceivedSpan[] {
  return collector.spans.filter(({ resource }) => resource['service.name'] === service);
}

/** How many spans of each kind of call a service has sent. */
function spansOf(service: string): Map<string, number> {
  return countBy(spansIn(service), ({ kind, attributes }) => textOf(kind, attributes));
}

/** How many calls of each kind a service has counted, in the same notation. */
function countsOf(service: string): Map<string, number> {
  const points = collector.metrics
    .filter(({ resource }) => resource['service.name'] === service)
    .flatMap(({ name, points }) => {
      const [, kind] = /(server|client)\.(?:request|call)\.duration$/.exec(name) ?? [];
      return kind === undefined ? [] : points.map((point) => ({ kind: kind.toUpperCase(), ...point }));
    });
  return countBy(
    points,
    ({ kind, attributes }) => textOf(kind, attributes),
    ({ count = 0 }) => count,
  );
}

/** `SERVER GET /orders/:id 200`, `SERVER shop.Orders/Get OK` */
function textOf(kind: string, attributes: Record<string, unknown>): string {
  const parts = [
    'http.request.method',
    'http.route',
    'http.response.status_code',
    'rpc.method',
    'rpc.status_code',
  ];
  return [kind, ...parts.map((name) => attributes[name]).filter((value) => value !== undefined)].join(' ');
}
