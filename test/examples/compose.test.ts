/** What the compose file names is in the repository. Docker itself is not started. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../src/config/settings.js';
import { hasProgram } from '../support/program.js';

const FOLDER = resolve(import.meta.dirname, '../../examples/compose');
/** Of Node and of the shop. */
const NOT_OURS = ['NODE_OPTIONS', 'PORT'];

interface Service {
  command?: string[];
  environment?: Record<string, string>;
  volumes: string[];
  network_mode?: string;
}

const read = (name: string) => parse(readFileSync(join(FOLDER, name), 'utf8'));
const services: Record<string, Service> = read('compose.yaml').services;
const shop = services['shop'] as Service;
const mounts = Object.values(services).flatMap(({ volumes }) =>
  volumes.map((volume) => volume.split(':') as [string, string, string]),
);

test('every file and folder that is mounted exists, and is read only', () => {
  expect(mounts.length).toBeGreaterThan(5);
  for (const [source, , mode] of mounts) {
    expect(existsSync(join(FOLDER, source)), source).toBe(true);
    expect(mode).toBe('ro');
  }
});

test('Redhook knows the variables of the shop', () => {
  const known = new Set([...settings.flatMap(({ env = [] }) => env), ...NOT_OURS]);
  for (const name of Object.keys(shop.environment ?? {})) expect([...known]).toContain(name);
});

test('the ports of what sends are those of what listens', () => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = '', OTEL_EXPORTER_PROMETHEUS_PORT: page } =
    shop.environment ?? {};
  const { receivers, exporters } = read('collector.yaml');
  expect(new URL(endpoint).port).toBe(receivers.otlp.protocols.grpc.endpoint.split(':')[1]);
  const tempo = read('tempo.yaml');
  expect(exporters.otlp.endpoint).toBe(tempo.distributor.receivers.otlp.protocols.grpc.endpoint);
  expect(read('prometheus.yml').scrape_configs[0].static_configs[0].targets).toEqual([`localhost:${page}`]);
  const [, tempoSource] = read('datasources.yaml').datasources;
  expect(new URL(tempoSource.url).port).toBe(String(tempo.server.http_listen_port));
});

test('everything but the shop is in the network of the shop', () => {
  const { shop: _, ...others } = services;
  for (const { network_mode } of Object.values(others)) expect(network_mode).toBe('service:shop');
});

test('Grafana finds the dashboards where they are mounted', () => {
  const targets = mounts.map(([, target]) => target);
  expect(targets).toContain(read('dashboards.yaml').providers[0].options.path);
});

test.runIf(hasProgram('promtool', 'apt-get install prometheus'))('promtool takes prometheus.yml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-compose-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [source, target] of mounts)
    if (target.startsWith('/etc/prometheus/'))
      writeFileSync(join(folder, target.slice(16)), readFileSync(join(FOLDER, source)));
  const args = ['check', 'config', join(folder, 'prometheus.yml')];
  expect(execFileSync('promtool', args, { encoding: 'utf8' })).toMatch(/SUCCESS/);
});
