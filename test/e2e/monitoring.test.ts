/** The dashboards, rules and alerts of examples/monitoring in a real Prometheus that scrapes real applications. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { requestToken } from '../../examples/gateway/conformance/tokens.ts';
import { freePort, REGISTER, runApp, startApp } from '../support/app.js';
import { buildImage, send } from '../support/gateway.js';
import { startGuardedGateway, startIssuer, startOrders } from '../support/guarded-gateway.js';
import { chapterQueries, panels, rulesIn, ruleText } from '../support/monitoring.js';
import { hasProgram } from '../support/program.js';
import { startPrometheus } from '../support/prometheus-server.js';
import { namesIn, withVariables } from '../support/promql.js';
import { hasRedis, startRedis } from '../support/redis.js';
import { startFake } from '../support/temporal-fake/index.js';

const WINDOW = '10s';
const PATIENCE = { timeout: 40_000, interval: 500 };

/** What these applications do not export, and why. */
const NOT_EXPORTED = new Map([
  ['temporal_nexus_duration_seconds_count', 'they have no Nexus operations'],
  ['temporal_nexus_duration_seconds_bucket', 'they have no Nexus operations'],
  ['temporal_workflow_executions', 'the service is asked about once a minute'],
  ['temporal_workflow_active', 'the service is asked about once a minute'],
  ['temporal_workflow_type', 'a label of temporal_workflow_active'],
  [
    'messaging_client_consumed_messages_total',
    'workers of BullMQ are given jobs, they do not receive messages',
  ],
]);

const ruleTexts = [ruleText('rules.yaml'), ruleText('alerts.yaml')];
const rules = ruleTexts.flatMap(rulesIn);
const cleanUps: (() => unknown)[] = [];

describe.runIf(hasProgram('prometheus', 'apt-get install prometheus') && hasRedis())(
  'a real Prometheus',
  () => {
    let prometheus: Awaited<ReturnType<typeof startPrometheus>>;

    beforeAll(async () => {
      const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
      const [shopPort, jobsPort, temporalPort, gatewayPort] = ports as [number, number, number, number];
      await Promise.all([
        startShop(shopPort),
        startJobs(jobsPort),
        startWorkflows(temporalPort),
        startBreaker(gatewayPort),
      ]);
      const targets = ports.map((port) => `'127.0.0.1:${port}'`).join(', ');
      prometheus = await startPrometheus(
        await freePort(),
        `static_configs: [{targets: [${targets}]}]`,
        ruleTexts.map(inSeconds),
      );
      cleanUps.push(() => prometheus.stop());
    }, 60_000);
    afterAll(async () => {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    });

    test('finds every metric and label that a panel, a rule or an alert names', {
      timeout: 60_000,
    }, async () => {
      const queries = [...panels().flatMap(({ queries }) => queries), ...rules].map(({ expr }) =>
        namesIn(withVariables(expr, WINDOW)),
      );
      const missing = async (): Promise<string[]> => {
        const [metrics, labels] = await Promise.all([prometheus.values('__name__'), prometheus.values()]);
        const absent = queries.flatMap((named) => [
          ...[...named.metrics].filter((name) => !metrics.includes(name)),
          ...[...named.labels].filter((name) => !labels.includes(name)),
        ]);
        return [...new Set(absent)].filter((name) => !NOT_EXPORTED.has(name)).sort();
      };
      await expect.poll(missing, PATIENCE).toEqual([]);
    });

    test('returns data for every query of every panel', { timeout: 60_000 }, async () => {
      const queries = panels()
        .flatMap(({ dashboard, title, queries }) =>
          queries.map(({ expr }) => ({ name: `${dashboard}, ${title}`, expr: withVariables(expr, WINDOW) })),
        )
        .filter(({ expr }) => [...namesIn(expr).metrics].every((metric) => !NOT_EXPORTED.has(metric)));
      const empty = async (): Promise<string[]> => {
        const sizes = await Promise.all(queries.map(({ expr }) => prometheus.query(expr)));
        return queries.filter((_, index) => sizes[index]?.length === 0).map(({ name }) => name);
      };
      await expect.poll(empty, PATIENCE).toEqual([]);
    });

    test('returns data for every query of docs/runtime-checks.md', { timeout: 60_000 }, async () => {
      const queries = chapterQueries();
      expect(queries).toHaveLength(6);
      const empty = async (): Promise<string[]> => {
        const answers = await Promise.all(queries.map((query) => prometheus.query(query)));
        return queries.filter((_, index) => answers[index]?.length === 0);
      };
      await expect.poll(empty, PATIENCE).toEqual([]);
    });

    test('fires the alerts of what is staged here', { timeout: 60_000 }, async () => {
      const firing = async (): Promise<string[]> => {
        const alerts = await prometheus.query('ALERTS{alertstate="firing"}');
        return alerts.map(
          ({ metric }) => `${metric['alertname']} ${metric['route'] ?? metric['http_route'] ?? ''}`,
        );
      };
      await expect
        .poll(firing, PATIENCE)
        .toEqual(
          expect.arrayContaining([
            'RedhookErrorBudgetBurnsFast /report',
            'RedhookConfigReloadFailed ',
            'RedhookSpansDropped ',
            'GatewayCircuitOpen /v1/orders/:id',
          ]),
        );
      expect(await firing()).not.toContain('RedhookErrorBudgetBurnsFast /orders/:id');
    });
  },
);

/** The same rules with windows of seconds, because the test has no hours. */
function inSeconds(text: string): string {
  return text.replaceAll(/\[(5m|10m|15m|30m|1h|6h)\]/g, `[${WINDOW}]`).replaceAll(/for: \w+/g, 'for: 1s');
}

function environment(service: string, port: number): Record<string, string> {
  return {
    OTEL_SERVICE_NAME: service,
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
  };
}

function every(ms: number, act: () => Promise<unknown>): void {
  const timer = setInterval(() => void act().catch(() => {}), ms);
  cleanUps.push(() => clearInterval(timer));
}

/** The shop of examples/. Its report fails, its collector is down, and its file is broken after the start. */
async function startShop(metricsPort: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-monitoring-'));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'otel-autoconf.yaml');
  writeFileSync(file, 'log_level: info\n');
  const [port, deadPort] = [await freePort(), await freePort()];
  const app = runApp(resolve(import.meta.dirname, '../../examples/shop/app.mjs'), {
    cwd: folder,
    env: {
      PORT: String(port),
      OTEL_SERVICE_NAME: 'shop',
      OTEL_RESOURCE_ATTRIBUTES: 'service.version=1',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${deadPort}`,
      OTEL_BSP_MAX_QUEUE_SIZE: '1',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
    },
  });
  cleanUps.push(() => app.stop());
  await vi.waitUntil(() => app.stdout().includes('listens on'), PATIENCE);
  for (const path of ['orders/1', 'report', 'nothing'])
    every(200, async () => (await fetch(`http://127.0.0.1:${port}/${path}`)).text());
  setTimeout(() => writeFileSync(file, 'log_level: [\n'), 4_000);
}

async function startJobs(metricsPort: number): Promise<void> {
  const redis = await startRedis();
  cleanUps.push(() => redis.close());
  const env = { ...environment('jobs', metricsPort), SERVER: `${redis.host}:${redis.port}` };
  const app = await startApp('jobs.cjs', { env });
  cleanUps.push(() => app.stop());
}

async function startWorkflows(metricsPort: number): Promise<void> {
  const temporal = await startFake();
  cleanUps.push(() => temporal.stop());
  const env = { ...environment('workflows', metricsPort), TEMPORAL_ADDRESS: temporal.address };
  const app = runApp('temporal/app.cjs', { args: ['many', '100000'], env });
  cleanUps.push(() => app.stop());
}

/** A gateway whose backend has gone, with callers that it refuses. */
async function startBreaker(metricsPort: number): Promise<void> {
  const image = buildImage();
  const [issuer, orders] = await Promise.all([startIssuer(), startOrders(image)]);
  cleanUps.push(() => issuer.stop());
  const gateway = await startGuardedGateway(image, orders.url, issuer.url, {
    policy: {
      roles: { clerk: ['order:read'] },
      thresholds: { clerk: { failure_rate: 0.5, window_s: 60, max_failures: 2, open_s: 60 } },
    },
    flags: ['--import', REGISTER],
    env: environment('gateway', metricsPort),
  });
  cleanUps.push(() => gateway.stop());
  const tokens = await Promise.all(['bob', 'eve'].map((client) => requestToken(issuer.url, client)));
  await orders.stop();
  for (const headers of [...tokens.map((token) => ({ authorization: `Bearer ${token}` })), {}])
    every(300, () => send(gateway.url, 'GET', '/v1/orders/1', { headers }));
}
