/** An application of Next.js, built and started as it is in production: its routes are those that Next.js has matched. */
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type App, freePort, NODES, REGISTER, runApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { scrape } from '../support/metrics.js';

const FOLDER = resolve('test/apps/next');
const NEXT = join(FOLDER, 'node_modules/next/dist/bin/next');
const BUILD_MS = 300_000;

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
  execFileSync(NODES['24'], [NEXT, 'build'], {
    cwd: FOLDER,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], NEXT_TELEMETRY_DISABLED: '1', CI: '1' },
  });
}, BUILD_MS);
afterAll(() => collector?.close());

const CASES: readonly (readonly [path: string, code: number, route: string | undefined])[] = [
  ['/', 200, '/'],
  ['/items/book?x=1', 200, '/items/[slug]'],
  ['/items/pen', 200, '/items/[slug]'],
  ['/api/orders/7', 200, '/api/orders/[id]'],
  ['/api/orders/lost', 500, '/api/orders/[id]'],
  ['/api/stock/book', 200, '/api/stock/[item]'],
  ['/about', 200, '/about'],
  ['/wp-admin.php', 404, undefined],
];

const STARTS = [
  { name: 'next start', file: NEXT, args: ['start', '--hostname', '127.0.0.1'], flag: '--require' },
  { name: 'the standalone server', file: '.next/standalone/server.js', args: [], flag: '--import' },
] as const;

test.each(STARTS)(
  'routes by $name, with $flag',
  async ({ name, file, args, flag }) => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const app = runApp(resolve(FOLDER, file), {
      flags: [flag, REGISTER],
      cwd: FOLDER,
      args: [...args],
      env: {
        PORT: String(port),
        HOSTNAME: '127.0.0.1',
        OTEL_SERVICE_NAME: name,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
      },
    });
    onTestFinished(() => app.stop());
    await ready(app);

    const codes: number[] = [];
    for (const [path] of CASES) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      await response.text();
      codes.push(response.status);
    }
    expect(codes).toEqual(CASES.map(([, code]) => code));

    const expected = countByRoute(CASES.map(([, , route]) => [route, 1]));
    const counted = async () => {
      const samples = await scrape(metricsPort);
      return countByRoute(
        samples
          .filter((sample) => sample.name === 'http_server_request_duration_seconds_count')
          .map(({ labels, value }) => [labels['http_route'], value]),
      );
    };
    await expect.poll(counted).toEqual(expected);
    app.signal('SIGTERM');
    await app.ended;
    // Next.js makes spans of its own inside them.
    const spans = collector.spans.filter(
      ({ resource, parentSpanId }) => resource['service.name'] === name && parentSpanId === '',
    );
    const requests = spans.filter(({ attributes }) => attributes['url.path'] !== undefined);
    expect(countByRoute(requests.map(({ attributes }) => [attributes['http.route'] as string, 1]))).toEqual(
      expected,
    );
  },
  60_000,
);

async function ready(app: App): Promise<void> {
  await expect.poll(() => app.stdout(), { timeout: 30_000 }).toContain('Ready');
}

function countByRoute(counts: readonly (readonly [string | undefined, number])[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [route = 'none', count] of counts) sums[route] = (sums[route] ?? 0) + count;
  return sums;
}
