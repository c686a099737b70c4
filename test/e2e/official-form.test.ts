/** An application that is configured by a file in OpenTelemetry's own form. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { freePort, startApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';

const folder = mkdtempSync(join(tmpdir(), 'redhook-official-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TRACE = '0af7651916cd43dd8448eb211c80319c';

test('spans, the page and pushed metrics are those of the file, and no variable counts', async () => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const port = await freePort();
  const file = join(folder, 'otel.yaml');
  writeFileSync(
    file,
    `file_format: "1.1"
log_level: \${LEVEL:-info}
resource:
  attributes:
    - {name: service.name, value: shop}
    - {name: replicas, value: 3, type: int}
propagator:
  composite: [{b3: }]
tracer_provider:
  processors:
    - batch: {schedule_delay: 100, exporter: {otlp_http: {endpoint: "${collector.httpUrl}/v1/traces", compression: gzip}}}
    - simple: {exporter: {otlp_grpc: {endpoint: "${collector.url}", headers: [{name: x-tenant, value: a}]}}}
  sampler: {parent_based: {root: {always_off: }}}
meter_provider:
  readers:
    - pull: {exporter: {prometheus/development: {host: 127.0.0.1, port: ${port}, target_info_enabled/development: false}}}
    - periodic: {interval: 300, exporter: {otlp_grpc: {endpoint: "${collector.url}", temporality_preference: delta}}}
  views:
    - selector: {instrument_name: http.server.request.duration}
      stream: {aggregation: {explicit_bucket_histogram: {boundaries: [1]}}, attribute_keys: {included: [http.response.status_code]}}
`,
  );
  const app = await startApp('trust.cjs', {
    env: {
      OTEL_CONFIG_FILE: file,
      OTEL_SERVICE_NAME: 'not-this',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_EXPORTER_PROMETHEUS_PORT: '1',
    },
  });
  onTestFinished(() => app.stop());

  const ask = async (): Promise<Record<string, Record<string, string>>> => {
    const b3 = `${TRACE}-b7ad6b7169203331-1`;
    const response = await fetch(app.url, { headers: { b3, 'x-target': '127.0.0.1' } });
    return (await response.json()) as Record<string, Record<string, string>>;
  };
  const sent = await ask();
  // Without a parent the sampler says no.
  await fetch(app.url, { headers: { 'x-target': '127.0.0.1' } });
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  // An export in flight would be sent again at the exit.
  const pushed = () => collector.metrics.filter(({ name }) => name === 'http.server.request.duration');
  await expect.poll(() => collector.spans.length, { timeout: 10_000 }).toBe(10);
  await expect.poll(() => pushed().length, { timeout: 10_000 }).toBeGreaterThan(0);
  app.signal('SIGTERM');
  await app.ended;

  expect(sent['byHttp']?.['b3']).toMatch(new RegExp(`^${TRACE}-[0-9a-f]{16}-1$`));
  expect(sent['byHttp']).not.toHaveProperty('traceparent');
  // Each of the five spans over either protocol.
  expect(collector.spans).toHaveLength(10);
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  expect(collector.spans[0]?.resource).toMatchObject({ 'service.name': 'shop', replicas: 3 });
  expect(collector.spans[0]?.resource).not.toHaveProperty('host.name');
  const byGrpc = collector.requests.filter(({ headers }) => headers['x-tenant'] === 'a');
  expect(byGrpc.length).toBeGreaterThan(0);

  expect(page).not.toContain('target_info');
  expect(page).toMatch(
    /^http_server_request_duration_seconds_bucket\{http_response_status_code="200",le="1"\} 6$/m,
  );
  expect(new Set(pushed().map(({ temporality }) => temporality))).toEqual(new Set(['delta']));
  const counts = pushed().flatMap(({ points }) => points.map((point) => Number(point['count'])));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6);
  expect(app.stderr()).toContain(
    'do not count: OTEL_EXPORTER_PROMETHEUS_PORT, OTEL_SERVICE_NAME, OTEL_TRACES_EXPORTER',
  );
});
