import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfigFile } from '@opentelemetry/configuration';
import { expect, test } from 'vitest';
import { officialForm } from '../../src/cli/official-form.js';
import { inFolder, load } from '../support/load-config.js';

/** What the parser of OpenTelemetry JS, which validates, makes of the official form of a short file. */
function parsed(yaml: string, env: Record<string, string> = {}) {
  const text = officialForm(load(yaml, env).config);
  return inFolder({}, (folder) => {
    const file = join(folder, 'official.yaml');
    writeFileSync(file, text);
    return parseConfigFile(file);
  });
}

test('the defaults are a valid declarative configuration', () => {
  expect(parsed('')).toMatchObject({
    disabled: false,
    log_level: 'info',
    propagator: { composite: [{ tracecontext: null }, { baggage: null }] },
    tracer_provider: {
      processors: [
        {
          batch: {
            schedule_delay: 5000,
            max_queue_size: 2048,
            max_export_batch_size: 512,
            exporter: { otlp_grpc: { endpoint: 'http://localhost:4317', timeout: 10_000 } },
          },
        },
      ],
      sampler: { parent_based: { root: { always_on: null } } },
    },
    meter_provider: {
      exemplar_filter: 'trace_based',
      readers: [
        {
          pull: {
            exporter: {
              'prometheus/development': {
                host: '::',
                port: 9464,
                resource_constant_labels: { included: ['service.name'] },
              },
            },
          },
        },
      ],
    },
    'instrumentation/development': { js: { 'http-server': { enabled: true } } },
  });
});

test('what a short file sets is in its official form', () => {
  const model = parsed(
    `
traces:
  exporters:
    - otlp: {endpoint: https://c:4318, compression: gzip, headers: {x-key: hunter2}, certificate: /a$b.pem}
    - console
  sampler: {name: traceidratio, ratio: 0.25}
  limits: {attributes: none, attribute_length: 10}
metrics:
  exporters: [otlp: http://c:4317]
  interval: 10s
instrumentations: [pg: false]
http: {server: {request_captured_headers: [x-a]}}
exit: {timeout: 1s}
log_level: none
`,
    { OTEL_RESOURCE_ATTRIBUTES: 'a=b$c' },
  );
  expect(model).toMatchObject({
    log_level: 'fatal',
    resource: {
      attributes: [
        { name: 'service.name', value: 'app' },
        { name: 'a', value: 'b$c' },
      ],
    },
    tracer_provider: {
      processors: [
        {
          batch: {
            exporter: {
              otlp_http: {
                endpoint: 'https://c:4318/v1/traces',
                compression: 'gzip',
                headers: [{ name: 'x-key' }],
                tls: { ca_file: '/a$b.pem' },
              },
            },
          },
        },
        { simple: { exporter: { console: {} } } },
      ],
      sampler: { trace_id_ratio_based: { ratio: 0.25 } },
      limits: { attribute_count_limit: 2 ** 31 - 1, attribute_value_length_limit: 10 },
    },
    meter_provider: {
      readers: [{ periodic: { interval: 10_000, exporter: { otlp_grpc: { endpoint: 'http://c:4317' } } } }],
    },
    'instrumentation/development': {
      general: { http: { server: { request_captured_headers: ['x-a'] } } },
      js: { pg: { enabled: false } },
    },
    distribution: { redhook: { exit: { timeout: '1000ms' } } },
  });
  expect(JSON.stringify(model)).not.toContain('hunter2');
});

test.each(['always_on', 'always_off', 'traceidratio'])(
  'the sampler %s, alone and behind its parent',
  (name) => {
    const node = { always_on: null, always_off: null, traceidratio: { ratio: 1 } }[name];
    const key = name === 'traceidratio' ? 'trace_id_ratio_based' : name;
    expect(parsed(`traces: {sampler: ${name}}`).tracer_provider?.sampler).toEqual({ [key]: node });
    expect(parsed(`traces: {sampler: parentbased_${name}}`).tracer_provider?.sampler).toEqual({
      parent_based: { root: { [key]: node } },
    });
  },
);

test('without exporters there is no provider, which is how the model says so', () => {
  const model = parsed('traces: {exporters: none}\nmetrics: {exporters: none}\npropagators: none');
  expect([model.tracer_provider, model.meter_provider]).toEqual([undefined, undefined]);
});
