// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
import { expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { shortForm } from '../../src/cli/short-form.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { settings } from '../../src/config/settings.js';
import { switchable } from '../../src/instrumentations/index.js';
import { inFolder, load } from '../support/load-config.js';

function effective(yaml: string, env: Record<string, string> = {}): { config: Config; text: string } {
  const loaded = inFolder({ 'package.json': '{"name":"app"}', 'otel-autoconf.yaml': yaml }, (cwd) =>
    loadConfig(switchable, { env, cwd, argv: [] }),
  );
  return { config: loaded.config, text: shortForm(loaded) };
}

/** The comment behind a value: its origin. */
function originOf(text: string, path: (string | number)[]): string | undefined {
  const node = parseDocument(text).getIn(path, true) as { comment?: string } | undefined;
  return node?.comment?.trim();
}

const FULL = `
traces:
  exporters:
    - otlp: {endpoint: https://c:4317, compression: gzip, timeout: 3s, certificate: /a.pem, client_key: /k.pem, client_certificate: /c.pem}
    - otlp: http://d:4318/v1/traces
    - console
  sampler: {name: traceidratio, ratio: 0.25}
  rules: [drop: /healthz, {path: /search, ratio: 0.1}]
  keep: {errors: true, slower_than: 2s, spans: 90, spans_per_trace: 9}
  queue: {size: 100, batch: 10, delay: 1500ms}
  limits: {attributes: none, attribute_length: 10, events: 0, links: 3, event_attributes: 4, link_attributes: 5}
metrics:
  exporters: [prometheus: "[::1]:9000/page", otlp: http://c:4317]
  interval: 10s
  temporality: delta
  page: true
  discovery: /run/redhook
  exemplars: always_off
  limits: {routes: 7, series: 8}
instrumentations: [pg: false, temporal: false]
service: {name: "true", version: 1.2.3}
resource: {attributes: {team: a}, detectors: [host, os]}
propagators: []
trust: {incoming: link, outgoing: ["*.example.com"]}
http:
  known_methods: [GET]
  server: {request_captured_headers: [x-a], response_captured_headers: [x-b]}
  client: {request_captured_headers: [x-c], response_captured_headers: [x-d]}
grpc: {propagate_deadlines: true}
temporal: {visibility: true}
exit: {timeout: 0, signals: false}
log_level: debug
worker_threads: true
reload: false
`;

test.each([
  ['the defaults', ''],
  ['every setting', FULL],
  ['no exporters', 'traces: {exporters: none}\nmetrics: {exporters: []}'],
])('the configuration of its output is the same: %s', (_, yaml) => {
  const { config, text } = effective(yaml);
  const again = load(text);
  expect(again.lines).toEqual([]);
  expect(again.config).toEqual(config);
});

test('every setting of the file is in it', () => {
  const all = 'headers: {a: b}, certificate: /a.pem, client_key: /k.pem, client_certificate: /c.pem';
  const { text } = effective(
    FULL.replace('compression: gzip', 'headers: {a: b}').replace('otlp: http://c:4317', `otlp: {${all}}`),
  );
  const document = parseDocument(text);
  for (const { path } of settings) {
    if (path === undefined) continue;
    const lists = path.includes('[]') ? [0, 1, 2] : [0];
    const found = lists.some((index) =>
      document.hasIn(
        path.split('.').flatMap((key) => (key.endsWith('[]') ? [key.slice(0, -2), index] : key)),
      ),
    );
    expect(found, path).toBe(true);
  }
});

test('the comment behind each value says where it comes from', () => {
  const { text } = effective(
    'traces:\n  exporters:\n    - otlp: http://a:4317\n    - otlp: {endpoint: http://b:4318}\n' +
      'metrics: {exporters: [prometheus: ":9000"]}\ninstrumentations: [pg: false]\nlog_level: loud\n',
    {
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '500',
      OTEL_EXPORTER_PROMETHEUS_PORT: '9001',
      OTEL_BSP_SCHEDULE_DELAY: 'soon',
      OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'koa',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop,a=b,api_key=hunter2',
    },
  );
  const exporter = ['traces', 'exporters', 1, 'otlp'];
  expect(originOf(text, ['traces', 'exporters', 0, 'otlp', 'endpoint'])).toBe('otel-autoconf.yaml:3:13');
  expect(originOf(text, [...exporter, 'endpoint'])).toBe('otel-autoconf.yaml:4:24');
  expect(originOf(text, [...exporter, 'protocol'])).toBe('follows from the endpoint');
  expect(originOf(text, [...exporter, 'timeout'])).toBe('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT');
  expect(originOf(text, ['metrics', 'exporters', 0, 'prometheus'])).toBe(
    'OTEL_EXPORTER_PROMETHEUS_PORT, over otel-autoconf.yaml:5:35',
  );
  expect(originOf(text, ['instrumentations', 'pg'])).toBe('otel-autoconf.yaml:6:19');
  expect(originOf(text, ['instrumentations', 'koa'])).toBe('OTEL_NODE_DISABLED_INSTRUMENTATIONS');
  expect(originOf(text, ['instrumentations', 'fetch'])).toBe('default');
  expect(originOf(text, ['service', 'name'])).toBe('OTEL_RESOURCE_ATTRIBUTES');
  for (const path of [['traces', 'queue', 'delay'], ['log_level']])
    expect(originOf(text, path)).toBe('default');
  expect(originOf(text, ['resource', 'attributes', 'a'])).toBe('OTEL_RESOURCE_ATTRIBUTES');
  expect(text).toMatch(/api_key: "?\*\*\*"? # OTEL_RESOURCE_ATTRIBUTES/);
});

test('the name of the service may come from package.json', () => {
  expect(originOf(effective('').text, ['service', 'name'])).toBe('package.json of the application');
});

test('no secret is in it', () => {
  const { text } = effective(
    'traces: {exporters: [otlp: {endpoint: "http://u:hunter2@c:4318?key=hunter2", headers: {x-tenant: "${T}"}}]}',
    { T: 'hunter2', OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'api-key=hunter2', OTEL_METRICS_EXPORTER: 'otlp' },
  );
  expect(text).not.toContain('hunter2');
  expect(text).toContain('x-tenant: "***"');
});

test('it says that Redhook is off', () => {
  expect(effective('', { OTEL_SDK_DISABLED: 'true' }).text).toContain('OTEL_SDK_DISABLED');
});
