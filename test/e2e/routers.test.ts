/**
 * The same small shop in each framework, under the flag: whatever the module system and the Node, a request is one span,
 * and the route is on the span and in the histogram.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, NODES, REGISTER, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { scrape, total } from '../support/metrics.js';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

/** How each framework writes the route of an order. */
const ORDER_ROUTES = {
  express: '/shop/orders/:id',
  express4: '/shop/orders/:id',
  hapi: '/shop/orders/{id}',
  koa: '/shop/orders/:id',
  koa2: '/shop/orders/:id',
};

/** The flag of each module system. */
const FLAGS = { cjs: '--require', mjs: '--import' };

const RUNS = Object.keys(ORDER_ROUTES).flatMap((framework) =>
  Object.keys(FLAGS).flatMap((modules) =>
    ['22.15.0', '24', '26'].map((version) => ({ framework, modules, version })),
  ),
);

test.each(RUNS)('$framework as $modules on Node $version', async ({ framework, modules, version }) => {
  const service = `${framework}-${modules}-${version}`;
  const port = await freePort();
  const app = await startApp(`routers/${framework}.${modules}`, {
    node: NODES[version as keyof typeof NODES],
    flags: [FLAGS[modules as keyof typeof FLAGS], REGISTER],
    env: {
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    },
  });
  const order = ORDER_ROUTES[framework as keyof typeof ORDER_ROUTES];
  const expected = [
    ['/shop/orders/7?x=1', 200, order],
    ['/shop/fail', 500, '/shop/fail'],
    ['/wp-admin.php', 404, undefined],
  ] as const;

  for (const [path, code] of expected) {
    const response = await fetch(app.url + path);
    await response.text();
    expect(response.status).toBe(code);
  }

  const name = 'http_server_request_duration_seconds_count';
  await expect.poll(async () => total(await scrape(port), name)).toBe(expected.length);
  const series = (await scrape(port)).filter((sample) => sample.name === name);
  const routes = series.map(({ labels }) => [
    Number(labels['http_response_status_code']),
    labels['http_route'],
  ]);
  expect(new Map(routes as [number, string][])).toEqual(
    new Map(expected.map(([, code, route]) => [code, route])),
  );
  app.signal('SIGTERM');
  await app.ended;
  const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
  expect(spans.map(({ name }) => name)).toEqual(
    expected.map(([, , route]) => (route ? `GET ${route}` : 'GET')),
  );
  expect(spans.map(({ attributes }) => attributes['http.route'])).toEqual(
    expected.map(([, , route]) => route),
  );
});
