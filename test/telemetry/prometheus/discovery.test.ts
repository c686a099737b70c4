import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { log } from '../../../src/log.js';
import { ownId, pidNamespace } from '../../../src/process-id.js';
import { createDiscovery } from '../../../src/telemetry/prometheus/discovery.js';

const PAGE = { host: '', port: 9464, path: '/metrics' };

let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'redhook-discovery-'));
  folder = join(parent, 'targets');
  return () => rmSync(parent, { recursive: true, force: true });
});

function own(): string {
  return `redhook-${pidNamespace()}-${ownId()}.json`;
}

function groups(): unknown {
  return JSON.parse(readFileSync(join(folder, own()), 'utf8'));
}

test('the file has a group for each page, and is gone after the last one', () => {
  const discovery = createDiscovery(folder, 'orders');
  onTestFinished(() => discovery.withdrawAll());
  const [first, second] = [{}, {}];

  discovery.publish(first, PAGE);
  discovery.publish(second, { host: '::1', port: 9465, path: '/m' });

  const labels = { __meta_redhook_service_name: 'orders', __meta_redhook_pid: String(process.pid) };
  expect(groups()).toEqual([
    { targets: ['localhost:9464'], labels: { __metrics_path__: '/metrics', ...labels } },
    { targets: ['[::1]:9465'], labels: { __metrics_path__: '/m', ...labels } },
  ]);
  discovery.withdraw(first);
  expect(groups()).toHaveLength(1);
  discovery.withdraw(second);
  expect(readdirSync(folder)).toEqual([]);
});

test('a page on another port replaces the target', () => {
  const discovery = createDiscovery(folder, 'orders');
  onTestFinished(() => discovery.withdrawAll());
  const page = {};

  discovery.publish(page, PAGE);
  discovery.publish(page, { ...PAGE, port: 4711 });

  expect(groups()).toMatchObject([{ targets: ['localhost:4711'] }]);
});

test('files of dead processes are removed, those of others stay', () => {
  const discovery = createDiscovery(folder, 'orders');
  onTestFinished(() => discovery.withdrawAll());
  discovery.publish({}, PAGE);
  const hourAgo = new Date(Date.now() - 3_600_000);
  const [dead, elsewhere, silent, foreign] = [
    `redhook-${pidNamespace()}-4194305.7.json`,
    'redhook-1-7.7.json',
    'redhook-1-8.8.json',
    'targets.json',
  ];
  for (const name of [dead, elsewhere, silent, foreign]) writeFileSync(join(folder, name), '[]');
  for (const name of [silent, foreign]) utimesSync(join(folder, name), hourAgo, hourAgo);

  discovery.publish({}, PAGE);

  expect(readdirSync(folder).sort()).toEqual([own(), elsewhere, foreign].sort());
});

test('a file that somebody has removed comes back', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const discovery = createDiscovery(folder, 'orders');
  onTestFinished(() => discovery.withdrawAll());
  discovery.publish({}, PAGE);
  rmSync(join(folder, own()));

  vi.advanceTimersByTime(60_000);

  expect(readdirSync(folder)).toEqual([own()]);
});

test('where nothing can be written, one line says so', () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
  writeFileSync(folder, 'no directory');
  chmodSync(folder, 0o600);

  createDiscovery(folder, 'orders').publish({}, PAGE);

  expect(warn.mock.calls[0]?.[0]).toMatch(
    /^metrics: \S+targets cannot be written \(.+\), expected a directory for metrics.discovery; .* not affected$/,
  );
});
