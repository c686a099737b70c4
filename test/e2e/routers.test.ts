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

/** A path, and the status and the route of the request. */
type Case = readonly [path: string, code: number, route: string | undefined];

const NOT_FOUND: Case = ['/wp-admin.php', 404, undefined];

const shop = (order: string): Case[] => [
  ['/shop/orders/7?x=1', 200, order],
  ['/shop/fail', 500, '/shop/fail'],
  NOT_FOUND,
];

/** On Express, Nest itself has a route for what is not found under the prefix of all routes. */
const nest = (prefix: string): Case[] => [
  [`${prefix}/shop/orders/7?x=1`, 200, `${prefix}/shop/orders/:id`],
  [`${prefix}/shop/late/7`, 200, `${prefix}/shop/late/:id`],
  [`${prefix}/shop/guarded/7`, 401, `${prefix}/shop/guarded/:id`],
  [`${prefix}/v2/shop/versioned/7`, 200, `${prefix}/v2/shop/versioned/:id`],
  [`${prefix}/shop/fail`, 500, `${prefix}/shop/fail`],
];

interface Shop {
  readonly app: string;
  readonly cases: Case[];
  readonly env?: Record<string, string>;
}

const SHOPS: Shop[] = [
  { app: 'connect', cases: shop('/shop/orders') },
  { app: 'express', cases: shop('/shop/orders/:id') },
  { app: 'express4', cases: shop('/shop/orders/:id') },
  { app: 'h3', cases: shop('/shop/orders/:id') },
  { app: 'hapi', cases: shop('/shop/orders/{id}') },
  { app: 'hono', cases: shop('/shop/orders/:id') },
  { app: 'koa', cases: shop('/shop/orders/:id') },
  { app: 'koa2', cases: shop('/shop/orders/:id') },
  { app: 'nest-express', cases: [...nest(''), NOT_FOUND] },
  { app: 'nest-fastify', cases: [...nest(''), NOT_FOUND] },
  {
    app: 'nest-express',
    env: { PREFIX: 'api' },
    cases: [...nest('/api'), NOT_FOUND, ['/api/none', 404, '/api/*path']],
  },
  {
    app: 'nest-fastify',
    env: { PREFIX: 'api' },
    cases: [...nest('/api'), NOT_FOUND, ['/api/none', 404, undefined]],
  },
  { app: 'restify', cases: shop('/shop/orders/:id') },
  {
    app: 'trpc',
    cases: [
      ['/shop.order', 200, '/shop.order'],
      ['/shop.fail', 500, '/shop.fail'],
      ['/wp-admin.php', 404, undefined],
    ],
  },
];

/** The flag of each module system. */
const FLAGS = { cjs: '--require', mjs: '--import' };

const RUNS = SHOPS.flatMap((shop) =>
  Object.keys(FLAGS).flatMap((modules) =>
    ['22.15.0', '24', '26'].map((version) => ({ ...shop, modules, version })),
  ),
);

test.each(RUNS)(
  '$app as $modules on Node $version, with $env',
  async ({ app: name, cases, env, modules, version }) => {
    const service = `${name}-${modules}-${version}-${env?.['PREFIX']}`;
    const port = await freePort();
    const app = await startApp(`routers/${name}.${modules}`, {
      node: NODES[version as keyof typeof NODES],
      flags: [FLAGS[modules as keyof typeof FLAGS], REGISTER],
      env: {
        ...env,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      },
    });

    const codes: number[] = [];
    for (const [path] of cases) {
      const response = await fetch(app.url + path);
      await response.text();
      codes.push(response.status);
    }

    const counter = 'http_server_request_duration_seconds_count';
    await expect.poll(async () => total(await scrape(port), counter)).toBe(cases.length);
    const series = (await scrape(port)).filter((sample) => sample.name === counter);
    app.signal('SIGTERM');
    await app.ended;
    const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);

    expect(codes).toEqual(cases.map(([, code]) => code));
    const routes = cases.map(([, , route]) => route);
    expect(spans.map(({ attributes }) => attributes['http.route'])).toEqual(routes);
    expect(spans.map((span) => span.name)).toEqual(routes.map((route) => (route ? `GET ${route}` : 'GET')));
    expect(new Set(series.map(({ labels }) => labels['http_route']))).toEqual(new Set(routes));
  },
);
