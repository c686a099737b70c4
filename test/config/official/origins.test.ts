import { expect, test } from 'vitest';
import { effectiveValues } from '../../../src/config/effective.js';
import { switchable } from '../../../src/instrumentations/index.js';
import { load } from '../../support/load-config.js';

const FILE = `file_format: "1.1"
log_level: debug
attribute_limits:
  attribute_count_limit: 7
resource:
  attributes:
    - name: service.name
      value: shop
    - name: team
      value: a
  attributes_list: zone=b,team=c
propagator:
  composite_list: tracecontext
tracer_provider:
  processors:
    - batch:
        schedule_delay: 100
        exporter:
          otlp_http:
            endpoint: http://a:4318/v1/traces
    - simple:
        exporter:
          console:
    - simple:
        exporter:
          otlp_grpc:
            endpoint: http://b:4317
            tls:
              ca_file: /a.pem
  limits:
    link_count_limit: 3
  sampler:
    always_on:
meter_provider:
  readers:
    - pull:
        exporter:
          prometheus/development:
            port: 9000
    - periodic:
        interval: 5000
        exporter:
          otlp_http:
instrumentation/development:
  general:
    http:
      server:
        request_captured_headers: [x-a]
  js:
    pg:
      enabled: false
distribution:
  redhook:
    reload: false
`;

const { config, origins } = load(FILE);
const values = effectiveValues(config, origins, switchable);

/** What the file says in the line of an origin. */
function lineOf(origin = ''): string {
  const [, line] = /^otel-autoconf\.yaml:(\d+):\d+$/.exec(origin) ?? [];
  return line === undefined ? origin : (FILE.split('\n')[Number(line) - 1] ?? '').trim();
}

test.each([
  ['log_level', 'debug', 'log_level: debug'],
  ['traces.limits.attributes', 7, 'attribute_count_limit: 7'],
  ['traces.limits.links', 3, 'link_count_limit: 3'],
  ['traces.limits.events', 128, 'default'],
  ['traces.sampler.name', 'always_on', 'always_on:'],
  ['traces.queue.delay', '100ms', 'schedule_delay: 100'],
  ['traces.exporters.0.otlp.endpoint', 'http://a:4318/v1/traces', 'endpoint: http://a:4318/v1/traces'],
  ['traces.exporters.0.otlp.timeout', '10s', 'default'],
  ['traces.exporters.1.console', true, '- batch:'],
  ['traces.exporters.2.otlp.endpoint', 'http://b:4317', 'endpoint: http://b:4317'],
  ['traces.exporters.2.otlp.certificate', '/a.pem', 'ca_file: /a.pem'],
  ['metrics.exporters.0.prometheus', 'localhost:9000', 'port: 9000'],
  ['metrics.interval', '5s', 'interval: 5000'],
  ['metrics.exemplars', 'trace_based', 'default'],
  ['instrumentations.pg', false, 'pg:'],
  ['instrumentations.fastify', true, 'default'],
  ['service.name', 'shop', '- name: service.name'],
  ['resource.attributes.team', 'a', '- name: team'],
  ['resource.attributes.zone', 'b', 'attributes_list: zone=b,team=c'],
  ['propagators', ['tracecontext'], 'composite_list: tracecontext'],
  ['http.server.request_captured_headers', ['x-a'], 'request_captured_headers: [x-a]'],
  ['reload', false, 'reload: false'],
])('%s is %j, as the line "%s" says', (path, value, line) => {
  const found = values.find(({ keys }) => keys.join('.') === path);
  expect({ value: found?.value, line: lineOf(found?.origin) }).toEqual({ value, line });
});
