/** A real Prometheus scrapes the application and finds quantiles per route and exemplars that lead to traces. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, startApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { hasProgram } from '../support/program.js';
import { type QueryResult, startPrometheus } from '../support/prometheus-server.js';

const QUANTILE =
  'histogram_quantile(0.95, sum by (le, service_name, http_route) (rate(http_server_request_duration_seconds_bucket[10s])))';

test.runIf(hasProgram('prometheus', 'apt-get install prometheus'))(
  'a real Prometheus reads quantiles per route and exemplars with known traces',
  { timeout: 90_000 },
  async () => {
    const collector = await startCollector();
    const [metricsPort, ownPort] = [await freePort(), await freePort()];
    const app = await startApp('orders/app.cjs', {
      env: {
        OTEL_SERVICE_NAME: 'orders',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    });
    const prometheus = await startPrometheus(
      ownPort,
      `static_configs: [{targets: ['127.0.0.1:${metricsPort}']}]`,
    );
    onTestFinished(async () => {
      await prometheus.stop();
      await app.stop();
      await collector.close();
    });

    let answer: QueryResult[] = [];
    await expect
      .poll(
        async () => {
          for (const path of ['/', '/orders/7', '/proxy/8', '/nothing'])
            await (await fetch(app.url + path)).text();
          answer = await prometheus.query(QUANTILE);
          return answer.filter(({ value }) => Number(value[1]) > 0).length;
        },
        { timeout: 60_000, interval: 300 },
      )
      .toBeGreaterThanOrEqual(4);
    expect(new Set(answer.map(({ metric }) => metric['http_route']))).toEqual(
      new Set(['/', '/orders/:id', '/proxy/:id', undefined]),
    );
    expect(new Set(answer.map(({ metric }) => metric['service_name']))).toEqual(new Set(['orders']));

    const exemplars = await prometheus.exemplars('http_server_request_duration_seconds_bucket');
    expect(exemplars.length).toBeGreaterThan(0);
    const held = new Set(collector.spans.map(({ traceId }) => traceId));
    expect(exemplars.some((traceId) => held.has(traceId))).toBe(true);
    expect(await prometheus.query('up')).toMatchObject([{ value: [expect.anything(), '1'] }]);
  },
);

test.runIf(hasProgram('prometheus', 'apt-get install prometheus'))(
  'a real Prometheus finds every process by its file, whichever port it has',
  { timeout: 90_000 },
  async () => {
    const parent = mkdtempSync(join(tmpdir(), 'redhook-discovery-'));
    onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
    const folder = join(parent, 'targets');
    const start = async (service: string) => {
      const app = await startApp('orders/app.cjs', {
        env: {
          OTEL_SERVICE_NAME: service,
          OTEL_TRACES_EXPORTER: 'none',
          OTEL_EXPORTER_PROMETHEUS_PORT: '0',
          REDHOOK_METRICS_DISCOVERY: folder,
        },
      });
      onTestFinished(() => app.stop());
      await (await fetch(app.url)).text();
      return app;
    };
    const fileOf = ({ pid }: { pid: number }) => files().find((name) => name.includes(`-${pid}.`));
    const files = () => readdirSync(folder);
    const names = ['orders', 'orders', 'orders', 'billing', 'billing'];
    const apps = await Promise.all(names.map(start));
    await expect.poll(() => files()).toHaveLength(names.length);
    const prometheus = await startPrometheus(
      await freePort(),
      `file_sd_configs: [{files: ['${folder}/*.json'], refresh_interval: 1s}], relabel_configs: [` +
        '{source_labels: [__meta_redhook_service_name], target_label: service}]',
    );
    onTestFinished(() => prometheus.stop());
    /** How many processes of each service are up, and how many requests of each have been scraped. */
    const seen = async () => {
      const up = await prometheus.query('count by (service) (up == 1)');
      const calls = await prometheus.query(
        'sum by (service_name) (http_server_request_duration_seconds_count)',
      );
      const values = (results: QueryResult[], label: string) =>
        Object.fromEntries(results.map(({ metric, value }) => [metric[label], Number(value[1])]));
      return { up: values(up, 'service'), calls: values(calls, 'service_name') };
    };
    const counts = { orders: 3, billing: 2 };
    await expect.poll(seen, { timeout: 30_000 }).toEqual({ up: counts, calls: counts });

    // One leaves in order, another one cannot.
    const [leaving, killed] = apps as [(typeof apps)[0], (typeof apps)[0]];
    leaving.signal('SIGTERM');
    await leaving.ended;
    expect(fileOf(leaving)).toBeUndefined();
    killed.signal('SIGKILL');
    await killed.ended;
    expect(fileOf(killed)).toBeDefined();

    apps.push(await start('orders'));
    await expect.poll(() => fileOf(killed)).toBeUndefined();
    await expect.poll(() => files()).toHaveLength(4);
    await expect.poll(async () => (await seen()).up, { timeout: 30_000 }).toEqual({ orders: 2, billing: 2 });
  },
);

test.runIf(hasProgram('promtool', 'apt-get install prometheus'))(
  'promtool reports no problems with a real page',
  async () => {
    const port = await freePort();
    const app = await startApp('orders/app.cjs', {
      env: { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_PROMETHEUS_PORT: String(port) },
    });
    onTestFinished(() => app.stop());
    for (const path of ['/', '/orders/7', '/proxy/8', '/nothing', '/fail'])
      await (await fetch(app.url + path)).text();

    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

    expect(page).toContain('http_server_request_duration_seconds_bucket');
    expect(
      execFileSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8', stdio: 'pipe' }),
    ).toBe('');
  },
);
