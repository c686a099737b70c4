/** Rules by which some calls are not recorded, in a real application. */
import { afterEach, expect, test } from 'vitest';
import { type App, freePort, runApp, startApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { scrape, total } from '../support/metrics.js';

const SERVER_COUNT = 'http_server_request_duration_seconds_count';
const CLIENT_COUNT = 'http_client_request_duration_seconds_count';
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(env: Record<string, string>, file = 'chain.cjs') {
  const collector = await startCollector();
  cleanUps.push(() => collector.close());
  const port = await freePort();
  const app: App = await startApp(file, {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      ...env,
    },
  });
  cleanUps.push(() => app.stop());
  return {
    port,
    get: async (path: string, traceparent?: string) =>
      (await fetch(app.url + path, { headers: traceparent ? { traceparent } : {} })).text(),
    async spans() {
      app.signal('SIGTERM');
      await app.ended;
      return collector.spans;
    },
  };
}

test('a dropped server call and what it calls are counted and not recorded, whatever its caller says', async () => {
  const caller = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const app = await start({ REDHOOK_TRACES_RULES: 'drop=/healthz', OWN: 'yes' });

  const told = await app.get('/healthz', caller);
  await app.get('/orders', caller);
  await expect.poll(async () => total(await scrape(app.port), SERVER_COUNT)).toBe(4);
  const samples = await scrape(app.port);
  const spans = await app.spans();

  expect(told).toMatch(new RegExp(`^00-${'a'.repeat(32)}-.*-00$`));
  expect(total(samples, CLIENT_COUNT)).toBe(2);
  expect(spans.map(({ name, attributes }) => attributes['url.path'] ?? name).sort()).toEqual([
    '/leaf',
    '/orders',
    'GET',
    'own',
  ]);
});

test('a dropped client call leaves no gap between its caller and its callee', async () => {
  const app = await start({ REDHOOK_TRACES_RULES: 'kind=client service=127.0.0.1 drop' });

  const told = await app.get('/orders');
  await expect.poll(async () => total(await scrape(app.port), CLIENT_COUNT)).toBe(1);
  const [leaf, orders, ...others] = await app.spans();

  expect(others).toEqual([]);
  expect(told).toBe(`00-${orders?.traceId}-${orders?.spanId}-01`);
  expect(leaf).toMatchObject({ traceId: orders?.traceId, parentSpanId: orders?.spanId });
});

test('a rule by route looks at the path, and the metrics have the route that the router gives', async () => {
  const rules = 'route=/orders/:id method=GET drop';
  const app = await start({ REDHOOK_TRACES_RULES: rules }, 'orders/app.cjs');

  for (const path of ['/orders/7', '/headers']) await app.get(path);
  await expect
    .poll(async () => total(await scrape(app.port), SERVER_COUNT, { http_route: '/orders/:id' }))
    .toBe(1);

  expect((await app.spans()).map(({ name }) => name)).toEqual(['GET /headers']);
});

test('a rule by the service of an RPC holds on both sides, for one method or all', async () => {
  const collector = await startCollector();
  cleanUps.push(() => collector.close());
  const app = runApp('grpc/app.cjs', {
    args: ['1'],
    env: {
      REDHOOK_TRACES_RULES: 'kind=server service=shop.Orders drop; route=shop.Orders/Get drop',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
    },
  });

  expect((await app.ended).code).toBe(0);
  expect(collector.spans.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    'CLIENT shop.Orders/Chat',
    'CLIENT shop.Orders/List',
    'CLIENT shop.Orders/Missing',
    'CLIENT shop.Orders/Sum',
  ]);
});
