import { expect, test } from 'vitest';
import { settings } from '../../src/config/settings.js';
import { load } from '../support/load-config.js';

function linesOf(env: Record<string, string>): string[] {
  return load(undefined, env).lines;
}

test('variables of the specification that Redhook does not use are named in one line', () => {
  const lines = linesOf({
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://secret:4318',
    OTEL_BLRP_MAX_QUEUE_SIZE: '7',
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://zipkin',
  });

  expect(lines).toEqual([
    'info set and not used: OTEL_BLRP_MAX_QUEUE_SIZE, OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, OTEL_EXPORTER_ZIPKIN_ENDPOINT, OTEL_LOGS_EXPORTER',
  ]);
});

test.each([
  ['OTEL_LOGS_EXPORTER', 'none'],
  ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'Cumulative'],
  ['OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION', 'explicit_bucket_histogram'],
  ['OTEL_SEMCONV_STABILITY_OPT_IN', 'http,rpc'],
  ['OTEL_BLRP_SCHEDULE_DELAY', ' '],
])('%s=%s asks for what Redhook does, and needs no line', (name, value) => {
  expect(linesOf({ [name]: value })).toEqual([]);
});

test.each([
  ['OTEL_SERVICE_NMAE', 'OTEL_SERVICE_NAME'],
  ['OTEL_EXPORTER_OTPL_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  ['OTEL_EXPORTER_OTLP_TRACE_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'],
  ['OTEL_TRACE_EXPORTER', 'OTEL_TRACES_EXPORTER'],
  ['OTEL_EXPORTER_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  ['OTEL_NODE_DISABLE_INSTRUMENTATION', 'OTEL_NODE_DISABLED_INSTRUMENTATIONS'],
  ['REDHOOK_CONFIG', 'REDHOOK_CONFIG_FILE'],
  ['REDHOOK_CONFIG_FIEL', 'REDHOOK_CONFIG_FILE'],
])('%s looks like %s', (name, meant) => {
  expect(linesOf({ [name]: 'secret' })).toEqual([
    `warn ${name}: found an unknown variable, expected the name of a known variable (did you mean ${meant}?); ignored`,
  ]);
});

test.each([
  'OTEL_SERVICE_FOO',
  'OTEL_COLLECTOR_SERVICE_HOST',
  'OTEL_COLLECTOR_PORT_4317_TCP_ADDR',
  'OTEL_RESOURCE_ATTRIBUTES_POD_NAME',
  'OTEL_PYTHON_LOG_CORRELATION',
  'OTEL_JAVAAGENT_ENABLED',
  'OTEL_GO_X_EXEMPLAR',
  'OTEL_LOG_EXPORTER',
  'REDHOOK_SERVICE_HOST',
  'REDHOOK_PORT_9464_TCP',
  'MY_OTEL_SERVICE_NMAE',
])('%s is of somebody else', (name) => {
  expect(linesOf({ [name]: 'x' })).toEqual([]);
});

test('no variable that a setting reads is unknown or unused', () => {
  for (const name of settings.flatMap(({ env = [] }) => env))
    expect(linesOf({ [name]: 'x' }).filter((line) => /unknown variable|not used/.test(line))).toEqual([]);
});

test('nothing is said when Redhook is turned off', () => {
  expect(linesOf({ OTEL_SDK_DISABLED: 'true', OTEL_LOGS_EXPORTER: 'otlp' })).toEqual([]);
});

test('any number of unknown variables takes a moment', () => {
  const name = (n: number) => `OTEL_EXPORTER_OTLP_TRACES_${n}`;
  const begun = performance.now();
  linesOf(Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [name(n), 'x'])));
  expect(performance.now() - begun).toBeLessThan(2_000);
});
