/**
 * Frameworks, the libraries on top of database drivers, and loggers, as services combine them: a request and all that it
 * asks of its databases is one trace, and every span is counted.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startApp } from '../support/app.js';
import { type Collector, type ReceivedSpan, startCollector } from '../support/collector.js';
import { type FakeMongodb, startFakeMongodb } from '../support/fake-mongodb.js';
import { countBy } from '../support/load.js';
import { hasMariadb, startMariadb } from '../support/mariadb.js';
import { hasPostgres, startPostgres } from '../support/postgres.js';
import { hasRedis, startRedis } from '../support/redis.js';
import type { Server } from '../support/server.js';

const hasServers = [hasPostgres(), hasMariadb(), hasRedis()].every(Boolean);
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';

interface Stack {
  readonly app: string;
  readonly body: unknown;
  /** The span of the request, then those of its database calls, in the order of their names. */
  readonly spans: readonly [request: string, ...calls: string[]];
  readonly post?: { readonly path: string; readonly query: string };
}

const STACKS: Stack[] = [
  {
    app: 'express-knex.cjs',
    body: { id: 7 },
    spans: ['GET /orders/:id', 'BEGIN', 'COMMIT', 'SELECT orders', 'SET'],
  },
  {
    app: 'express-sequelize.cjs',
    body: { id: 7, item: 'book' },
    spans: ['GET /orders/:id', 'SELECT orders'],
  },
  { app: 'koa-mongoose.cjs', body: { _id: 7, item: 'book' }, spans: ['GET /orders/:id', 'find orders'] },
  {
    app: 'fastify-mercurius.mjs',
    post: { path: '/graphql', query: 'query Item { item(id: 7) }' },
    body: { data: { item: 'book' } },
    spans: ['POST /graphql', 'SELECT items'],
  },
  { app: 'hono-redis.mjs', body: { item: 'book' }, spans: ['GET /orders/:id', 'GET', 'SELECT'] },
  { app: 'nest-knex.mjs', body: { id: 7 }, spans: ['GET /parcels/:id', 'SELECT parcels'] },
];

describe.skipIf(!hasServers)('stacks', () => {
  let collector: Collector;
  let mongodb: FakeMongodb;
  let servers: Server[];
  let env: Record<string, string>;
  beforeAll(async () => {
    collector = await startCollector();
    mongodb = await startFakeMongodb(() => ({
      ok: 1,
      cursor: { id: 0n, ns: 'shop.orders', firstBatch: [{ _id: 7, item: 'book' }] },
    }));
    servers = await Promise.all([startPostgres(), startMariadb(), startRedis()]);
    const [postgres, mariadb, redis] = servers.map(({ port }) => String(port));
    env = {
      POSTGRES_PORT: postgres as string,
      MARIADB_PORT: mariadb as string,
      REDIS_PORT: redis as string,
      MONGODB_PORT: String(mongodb.port),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'otlp',
    };
  }, 60_000);
  afterAll(async () => {
    mongodb?.close();
    await Promise.all((servers ?? []).map((server) => server.close()));
    await collector?.close();
  });

  test.each(STACKS)('$app', async ({ app: file, post, body, spans: [request, ...calls] }) => {
    const app = await startApp(`stacks/${file}`, { env: { ...env, OTEL_SERVICE_NAME: file } });
    onTestFinished(() => app.stop());
    const path = post?.path ?? `${request.slice('GET '.length).replace(':id', '7')}?x=1`;
    const response = await fetch(app.url + path, {
      headers: { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, 'content-type': 'application/json' },
      ...(post && { method: 'POST', body: JSON.stringify({ query: post.query }) }),
    });
    expect(await response.json().catch(() => app.stderr())).toEqual(body);
    app.signal('SIGTERM');
    await app.ended;

    const all = collector.spans.filter(({ resource }) => resource['service.name'] === file);
    const trace = all.filter(({ traceId }) => traceId === TRACE_ID);
    const server = trace.find(({ kind }) => kind === 'SERVER');
    const inside = trace.filter((span) => span !== server);
    expect(server).toMatchObject({ name: request, parentSpanId: PARENT_ID });
    expect(inside.map(({ name }) => name).sort()).toEqual(calls);
    expect(inside.map(({ parentSpanId }) => parentSpanId)).toEqual(calls.map(() => server?.spanId));
    expect(countsOf(collector, file)).toEqual(countBy(all, histogramOf));
    if (post !== undefined) expect(server?.attributes['graphql.operation.name']).toBe('Item');
    const lines = app
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ trace_id: TRACE_ID, span_id: server?.spanId });
    expect(lines).toHaveLength(file === 'express-knex.cjs' ? 1 : 0);
  });
});

function histogramOf({ attributes, kind }: ReceivedSpan): string {
  return 'db.system.name' in attributes
    ? 'db.client.operation.duration'
    : `http.${kind.toLowerCase()}.request.duration`;
}

/** How many calls each histogram has counted. */
function countsOf({ metrics }: Collector, service: string): Map<string, number> {
  const durations = metrics.filter(
    ({ name, resource }) => resource['service.name'] === service && /^(?:db|http)\..*\.duration$/.test(name),
  );
  return countBy(
    durations.flatMap(({ name, points }) => points.map(({ count = 0 }) => ({ name, count }))),
    ({ name }) => name,
    ({ count }) => count,
  );
}
