import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadConfig } from '../src/config/load.js';
import { general } from '../src/config/settings.js';
import type { Gauge } from '../src/instrumentation.js';
import { switchable } from '../src/instrumentations/index.js';
import { log } from '../src/log.js';
import { followFile } from '../src/reload.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redhook-reload-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
  log.setLevel('info');
});

function follow(yaml: string, { late = [] }: { late?: readonly string[] } = {}) {
  const path = join(folder, 'otel-autoconf.yaml');
  const change = (text: string) => writeFileSync(path, text);
  change(yaml);
  const { config, origins, diagnostics, file } = loadConfig(switchable, { env: {}, cwd: folder });
  if (file === undefined) throw new Error('no file');
  const lines: string[] = [];
  vi.spyOn(log, 'change').mockImplementation((level, line) => void lines.push(`${level} ${line}`));
  const settings = { current: config, origins };
  const gauges = new Map<string, Gauge>();
  const check = followFile({
    file,
    diagnostics,
    settings,
    attachMissing: () => late,
    addGauge: (gauge) => void gauges.set(gauge.name, gauge),
  });
  const gauge = (name: string) => [...(gauges.get(`redhook.config.${name}`)?.read() ?? [])][0]?.value;
  return {
    change,
    check,
    settings,
    remove: () => rmSync(path),
    taken: () => lines.splice(0),
    isAccepted: () => gauge('last_reload_successful'),
    acceptedAt: () => gauge('last_reload_success_timestamp') ?? Number.NaN,
  };
}

test('a file that has changed is brought into force, and the lines say what a restart is needed for', () => {
  const { change, check, settings, taken, isAccepted } = follow('log_level: info', { late: ['express'] });
  const before = settings.current;

  change('log_level: debug\ntraces: {rules: [drop: /healthz]}\nmetrics: {limits: {routes: 7}}');
  check();

  expect(settings.current.logLevel).toBe('debug');
  expect(settings.origins.of(general.logLevel)[0]?.where).toBe('otel-autoconf.yaml:1:12');
  expect(settings.current.traces.rules).toEqual([{ drop: true, path: '/healthz' }]);
  expect(settings.current.metrics).toBe(before.metrics);
  expect(log.shows('debug')).toBe(true);
  expect(taken()).toEqual([
    'info otel-autoconf.yaml: reloaded; log_level, traces.rules changed',
    'warn otel-autoconf.yaml: a restart is needed for metrics.limits.routes, instrumentations.express',
  ]);
  expect(isAccepted()).toBe(1);
});

test('a file that has not changed is not loaded', () => {
  const { check, settings, taken, change } = follow('log_level: info');
  const before = settings.current;

  check();
  change('log_level: info');
  check();

  expect(settings.current).toBe(before);
  expect(taken()).toEqual([]);
});

test('a file with errors changes nothing, and says what they are until they are mended', () => {
  const { change, check, settings, taken, isAccepted, acceptedAt } = follow('log_level: info');
  const before = settings.current;
  const startedAt = acceptedAt();

  change('log_level: debug\ntraces: {sampler: sometimes}\nlimits: 1');
  check();
  check();

  expect(settings.current).toBe(before);
  expect(taken()).toEqual([
    expect.stringMatching(
      /^error otel-autoconf.yaml:2:19: found "sometimes", expected .*; the settings from before stay$/,
    ),
    expect.stringMatching(
      /^error otel-autoconf.yaml:3:1: found "limits", expected .*; the settings from before stay$/,
    ),
  ]);
  expect([isAccepted(), acceptedAt()]).toEqual([0, startedAt]);

  vi.spyOn(Date, 'now').mockReturnValue((startedAt + 60) * 1000);
  change('log_level: debug');
  check();

  expect(taken()).toEqual(['info otel-autoconf.yaml: reloaded; log_level changed']);
  expect([isAccepted(), acceptedAt()]).toEqual([1, startedAt + 60]);
});

test.each([
  ['is gone', undefined, /the file is gone; the settings from before stay$/],
  ['cannot be parsed', 'log_level: [', /found a YAML error .*; the settings from before stay$/],
  ['is empty', '', /found an empty file, .*; the settings from before stay$/],
])('a file that %s changes nothing', (_, text, line) => {
  const { change, remove, check, settings, taken, isAccepted } = follow('log_level: warn');

  if (text === undefined) remove();
  else change(text);
  check();

  expect(settings.current.logLevel).toBe('warn');
  expect(taken()).toEqual([expect.stringMatching(line)]);
  expect(isAccepted()).toBe(0);
});

test('a file whose errors are those of the start is not in force', () => {
  const { change, check, isAccepted, taken } = follow('log_level: loud');

  expect(isAccepted()).toBe(0);
  change('log_level: warn');
  check();

  expect(isAccepted()).toBe(1);
  expect(taken()).toEqual(['info otel-autoconf.yaml: reloaded; log_level changed']);
});
