import { expect, test } from 'vitest';
import { reloaded } from '../../src/config/reload.js';
import { settings } from '../../src/config/settings.js';
import { load } from '../support/load-config.js';

const BEFORE = load().config;

test('equal settings change nothing, not even the object', () => {
  expect(reloaded(BEFORE, load().config)).toEqual({ config: BEFORE, changed: [], pending: [] });
  expect(reloaded(BEFORE, load().config).config).toBe(BEFORE);
});

test('settings that may change are in force at once, and the others are named', () => {
  const yaml = `
    traces: {sampler: always_off, rules: [drop: /healthz], keep: {errors: true}, queue: {size: 100}}
    trust: {incoming: ignore}
    http: {server: {request_captured_headers: [x-id]}, known_methods: [GET]}
    metrics: {interval: 5s, limits: {routes: 7}}
    instrumentations: [express: false, runtime: false]
    log_level: debug
    service: {name: other}
    exit: {timeout: 1s}
  `;
  const { config: loaded, lines } = load(yaml);
  const { config, changed, pending } = reloaded(BEFORE, loaded);

  expect(lines).toEqual([]);
  expect([...changed].sort()).toEqual([
    'http captured headers',
    'instrumentations.express',
    'log_level',
    'traces.keep',
    'traces.rules',
    'traces.sampler',
    'trust',
  ]);
  expect([...pending].sort()).toEqual([
    'exit.timeout',
    'http.known_methods',
    'instrumentations.runtime',
    'metrics.limits.routes',
    'service.name',
    'traces.exporters',
  ]);
  expect(config).toEqual({
    ...BEFORE,
    logLevel: 'debug',
    trust: loaded.trust,
    capturedHeaders: loaded.capturedHeaders,
    instrumentations: { ...BEFORE.instrumentations, express: false },
    traces: {
      ...BEFORE.traces,
      sampler: loaded.traces.sampler,
      rules: loaded.traces.rules,
      keep: loaded.traces.keep,
    },
  });
  expect(config.metrics).toBe(BEFORE.metrics);
});

test('what is called by the name of a setting is one', () => {
  const paths = settings.flatMap(({ path }) => path ?? []);
  const { pending } = reloaded(BEFORE, {
    ...BEFORE,
    serviceName: '',
    knownMethods: [],
    propagateDeadlines: true,
    visibility: true,
    exitTimeoutMs: 1,
    exitSignals: false,
    metrics: { ...BEFORE.metrics, livePage: true, maxRoutes: 1, maxSeries: 1 },
  });

  expect(pending).toHaveLength(9);
  for (const name of pending) expect(paths).toContain(name);
});
