/** A real Prometheus scrapes the application and finds quantiles per route and exemplars that lead to traces. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, startApp } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { hasProgram } from '../support/program.js';

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
    const prometheus = await startPrometheus(ownPort, metricsPort);
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

interface QueryResult {
  metric: Record<string, string>;
  value: [number, string];
}

async function startPrometheus(port: number, target: number) {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-prometheus-'));
  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `scrape_configs: [{job_name: app, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:${target}']}]}]`,
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore' },
  );
  const api = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
    return response?.ok ? ((await response.json()) as { data: unknown }).data : undefined;
  };
  return {
    query: async (query: string): Promise<QueryResult[]> =>
      ((await api(`query?query=${encodeURIComponent(query)}`)) as { result: QueryResult[] } | undefined)
        ?.result ?? [],
    exemplars: async (query: string): Promise<string[]> => {
      const start = Date.now() / 1000 - 300;
      const found = (await api(`query_exemplars?query=${query}&start=${start}&end=${start + 600}`)) as {
        exemplars: { labels: { trace_id: string } }[];
      }[];
      return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
    },
    async stop() {
      child.kill();
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
