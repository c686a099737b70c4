/** Traces that are sent although they are not sampled, from a real application. */
import { afterEach, expect, test } from 'vitest';
import { freePort, startApp } from '../support/app.js';
import { type ReceivedSpan, startCollector } from '../support/collector.js';
import { scrape, total } from '../support/metrics.js';

const SERVER_COUNT = 'http_server_request_duration_seconds_count';
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startChain(env: Record<string, string>) {
  const collector = await startCollector();
  cleanUps.push(() => collector.close());
  const port = await freePort();
  const app = await startApp('chain.cjs', {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
      OWN: 'yes',
      ...env,
    },
  });
  cleanUps.push(() => app.stop());
  return { app, collector, port };
}

/** The path of the server span and the names of those inside it, of each trace. */
function shown(spans: readonly ReceivedSpan[]): string[] {
  return spans
    .filter(({ kind }) => kind === 'SERVER')
    .map((root) => {
      const own = spans.find(({ parentSpanId }) => parentSpanId === root.spanId);
      const client = spans.find(({ parentSpanId }) => parentSpanId === own?.spanId);
      return `${root.attributes['url.path']} > ${own?.name} > ${client?.name}`;
    });
}

test('a failed and a slow trace are sent, the others are not, and callees are told that none is sampled', async () => {
  const { app, collector, port } = await startChain({
    REDHOOK_TRACES_KEEP_ERRORS: 'true',
    REDHOOK_TRACES_KEEP_SLOWER_THAN: '1500ms',
  });

  const told = await (await fetch(`${app.url}/failed?status=503`)).text();
  await fetch(`${app.url}/good`);
  await fetch(`${app.url}/slow?ms=1600`);
  await expect.poll(async () => total(await scrape(port), SERVER_COUNT)).toBe(6);
  const page = await (
    await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept: 'application/openmetrics-text' } })
  ).text();
  app.signal('SIGTERM');
  await app.ended;

  const { spans } = collector;
  // What the service asks itself over the network is a trace of its own here, which has not failed.
  expect(shown(spans)).toEqual(['/failed > own > GET', '/slow > own > GET']);
  expect(spans).toHaveLength(6);
  for (const { flags } of spans) expect(flags & 1).toBe(0);
  expect(told).toMatch(/-00$/);
  expect(page).not.toContain('trace_id');
  expect(page).toMatch(/^redhook_keep_evicted_total\{.*\} 0$/m);
});

test('the trace of a request that ends the process is sent', async () => {
  const { app, collector } = await startChain({ REDHOOK_TRACES_KEEP_ERRORS: 'true' });

  await fetch(`${app.url}/crash?exit`).catch(() => {});
  expect((await app.ended).code).toBe(1);

  expect(shown(collector.spans)).toEqual(['/crash > own > GET']);
});

test('the console draws what is kept as one tree', async () => {
  const { app } = await startChain({ OTEL_TRACES_EXPORTER: 'console', REDHOOK_TRACES_KEEP_ERRORS: 'true' });

  await fetch(`${app.url}/failed?status=500`);

  await expect
    .poll(() => app.stdout())
    .toMatch(/3 spans.*\n└─ SERVER GET {2}500.*\n {3}└─ INTERNAL own.*\n {6}└─ CLIENT GET/);
});
