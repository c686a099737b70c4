import { expect, test } from 'vitest';
import { load } from '../support/load-config.js';

const QUEUE = { maxSize: 2048, maxBatch: 512, delayMs: 5000 };
const OTLP = {
  type: 'otlp',
  protocol: 'grpc',
  endpoint: 'http://localhost:4317',
  headers: {},
  compression: 'none',
  timeoutMs: 10_000,
};
/** An exporter of spans, and one of metrics. */
const SPANS = { ...OTLP, queue: QUEUE };
const METRICS = {
  ...OTLP,
  intervalMs: 60_000,
  temporality: 'cumulative',
  histogramAggregation: 'explicit_bucket_histogram',
};
const HTTP = { ...SPANS, protocol: 'http/protobuf', endpoint: 'http://localhost:4318/v1/traces' };
const PAGE = {
  type: 'prometheus',
  host: '',
  port: 9464,
  path: '/metrics',
  page: {
    resourceLabels: { included: ['service.name'] },
    scopeLabels: true,
    targetInfo: true,
    translation: 'underscore_escaping_with_suffixes',
  },
};
const CONSOLE = { type: 'console' };

function traces(exporters: string, env: Record<string, string> = {}) {
  const { config, lines } = load(`traces:\n  exporters: ${exporters}\n`, env);
  return { exporters: config.traces.exporters, lines };
}

function metrics(exporters: string, env: Record<string, string> = {}) {
  const { config, lines } = load(`metrics:\n  exporters: ${exporters}\n`, env);
  return { exporters: config.metrics.exporters, lines };
}

test.each([
  ['[otlp]', [SPANS]],
  ['[otlp: true]', [SPANS]],
  ['[otlp:]', [SPANS]],
  ['otlp', [SPANS]],
  ['{otlp: http://c:4317}', [{ ...SPANS, endpoint: 'http://c:4317' }]],
  ['[otlp: http://c:4317, console: true]', [{ ...SPANS, endpoint: 'http://c:4317' }, CONSOLE]],
  ['[console]', [CONSOLE]],
  ['[console, console: true]', [CONSOLE]],
  ['[console: false, otlp]', [SPANS]],
  [
    '[otlp: http://a:4317, otlp: http://b:4317]',
    [
      { ...SPANS, endpoint: 'http://a:4317' },
      { ...SPANS, endpoint: 'http://b:4317' },
    ],
  ],
  ['none', []],
  ['[none]', []],
  ['[]', []],
  ['', [SPANS]],
])('traces.exporters: %s is valid', (yaml, exporters) => {
  expect(traces(yaml)).toEqual({ exporters, lines: [] });
});

test.each([
  ['https://c', 'grpc', 'https://c'],
  ['HTTP://C:4317/', 'grpc', 'http://c:4317'],
  ['"http://[::1]:4317"', 'grpc', 'http://[::1]:4317'],
  ['http://c:4318', 'http/protobuf', 'http://c:4318/v1/traces'],
  ['http://c:4318/', 'http/protobuf', 'http://c:4318/v1/traces'],
  ['http://c:4318/v1/traces', 'http/protobuf', 'http://c:4318/v1/traces'],
  ['https://c/otlp/v1/traces', 'http/protobuf', 'https://c/otlp/v1/traces'],
  ['{endpoint: https://c/otlp/, protocol: http/protobuf}', 'http/protobuf', 'https://c/otlp/v1/traces'],
  [
    '{endpoint: "https://c/otlp?tenant=1", protocol: http/protobuf}',
    'http/protobuf',
    'https://c/otlp/v1/traces?tenant=1',
  ],
  ['{endpoint: http://c:4318, protocol: grpc}', 'grpc', 'http://c:4318'],
  ['{protocol: http/protobuf}', 'http/protobuf', 'http://localhost:4318/v1/traces'],
])('otlp: %s speaks %s to %s', (yaml, protocol, endpoint) => {
  expect(traces(`[otlp: ${yaml}]`)).toEqual({ exporters: [{ ...SPANS, protocol, endpoint }], lines: [] });
});

test.each([
  ['http://c:4317/some/path', 'a path in "http://c:4317/some/path"'],
  ['{endpoint: http://c:4317/v1/traces, protocol: grpc}', 'a path in "http://c:4317/v1/traces"'],
  ['http://user:secret@c:4317?key=secret', 'a query and credentials in "http://c:4317"'],
])('otlp: %s reports what gRPC cannot use', (yaml, found) => {
  const { lines } = traces(`[otlp: ${yaml}]`);
  expect(lines).toEqual([expect.stringMatching(/^warn otel-autoconf\.yaml:2:\d+: /)]);
  expect(lines[0]).toContain(
    `found ${found}, expected only a scheme, a host and a port for gRPC, or OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf; using http://c:4317`,
  );
});

test('the file can set every OTLP setting', () => {
  const yaml = `[otlp: {endpoint: https://c:4317, protocol: grpc, headers: {X-Key: "a=b, c", unset: }, compression: gzip,
    timeout: 2s, certificate: ca.pem, client_key: key.pem, client_certificate: cert.pem}]`;
  expect(traces(yaml)).toEqual({
    exporters: [
      {
        type: 'otlp',
        queue: QUEUE,
        protocol: 'grpc',
        endpoint: 'https://c:4317',
        headers: { 'x-key': 'a=b, c' },
        compression: 'gzip',
        timeoutMs: 2000,
        certificate: 'ca.pem',
        clientKey: 'key.pem',
        clientCertificate: 'cert.pem',
      },
    ],
    lines: [],
  });
});

test.each([
  [{ ENDPOINT: 'http://e:4317' }, { endpoint: 'http://e:4317' }],
  [{ ENDPOINT: 'http://e:4318' }, { protocol: 'http/protobuf', endpoint: 'http://e:4318/v1/traces' }],
  [{ ENDPOINT: 'http://e:4318', PROTOCOL: 'grpc' }, { endpoint: 'http://e:4318' }],
  [
    { ENDPOINT: 'http://e:4317', PROTOCOL: 'http/protobuf' },
    { ...HTTP, endpoint: 'http://e:4317/v1/traces' },
  ],
  [{ TRACES_ENDPOINT: 'http://e:4318/as/is?x=1' }, { ...HTTP, endpoint: 'http://e:4318/as/is?x=1' }],
  [{ TRACES_ENDPOINT: 'http://t:4317', ENDPOINT: 'http://e:4317' }, { endpoint: 'http://t:4317' }],
  [{ PROTOCOL: 'http/protobuf' }, { ...HTTP, endpoint: 'http://file:4317/v1/traces' }],
  [
    { TRACES_PROTOCOL: 'http/protobuf', PROTOCOL: 'grpc' },
    { ...HTTP, endpoint: 'http://file:4317/v1/traces' },
  ],
  [{ HEADERS: 'X-Key=a%20b%3D,y=1' }, { headers: { 'x-key': 'a b=', y: '1' } }],
  [{ TRACES_HEADERS: 'a=1,X-Key=t', HEADERS: 'b=1,x-key=g' }, { headers: { a: '1', b: '1', 'x-key': 't' } }],
  [{ METRICS_HEADERS: 'a=1', HEADERS: 'b=1' }, { headers: { b: '1' } }],
  [{ TIMEOUT: '3000' }, { timeoutMs: 3000 }],
  [{ TRACES_TIMEOUT: '4000', TIMEOUT: '3000' }, { timeoutMs: 4000 }],
  [{ COMPRESSION: 'gzip' }, { compression: 'gzip' }],
  [{ TRACES_COMPRESSION: 'none', COMPRESSION: 'gzip' }, {}],
  [
    { CERTIFICATE: 'a', CLIENT_KEY: 'b', CLIENT_CERTIFICATE: 'c' },
    { certificate: 'a', clientKey: 'b', clientCertificate: 'c' },
  ],
  [{ TRACES_CERTIFICATE: 'd', CERTIFICATE: 'a' }, { certificate: 'd' }],
  [
    { TRACES_CLIENT_KEY: 'd', TRACES_CLIENT_CERTIFICATE: 'e' },
    { clientKey: 'd', clientCertificate: 'e' },
  ],
  [{ ENDPOINT: 'e:4317', INSECURE: 'true' }, { endpoint: 'http://e:4317' }],
  [{ ENDPOINT: 'e:4317', INSECURE: 'false' }, { endpoint: 'https://e:4317' }],
  [{ ENDPOINT: 'e:4317', TRACES_INSECURE: 'false', INSECURE: 'true' }, { endpoint: 'https://e:4317' }],
  [{ ENDPOINT: 'http://e:4317', INSECURE: 'false' }, { endpoint: 'http://e:4317' }],
  [{ METRICS_ENDPOINT: 'http://m:4317' }, {}],
])('OTEL_EXPORTER_OTLP_%j overrides the file', (variables, changed) => {
  const env = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`OTEL_EXPORTER_OTLP_${name}`, value]),
  );
  expect(traces('[otlp: http://file:4317]', env)).toEqual({
    exporters: [{ ...SPANS, endpoint: 'http://file:4317', ...changed }],
    lines: [],
  });
});

test('the general endpoint applies to both signals and adds no exporter', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://e:4318/v1/traces' };
  const both = load('metrics: {exporters: [otlp, prometheus]}', env);
  expect(both.lines).toEqual([]);
  expect(both.config.traces.exporters).toEqual([{ ...HTTP, endpoint: 'http://e:4318/v1/traces' }]);
  expect(both.config.metrics.exporters).toEqual([
    { ...METRICS, protocol: 'http/protobuf', endpoint: 'http://e:4318/v1/metrics' },
    PAGE,
  ]);
  expect(load('traces: {exporters: none}', env).config).toMatchObject({
    traces: { exporters: [] },
    metrics: { exporters: [PAGE] },
  });
});

test('two exporters with the same settings become one', () => {
  const yaml = '[otlp: http://a:4317, otlp: http://b:4317]';
  expect(traces(yaml, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://e:4317' })).toEqual({
    exporters: [{ ...SPANS, endpoint: 'http://e:4317' }],
    lines: [],
  });
});

test.each([
  ['OTEL_BSP_EXPORT_TIMEOUT', { traces: 700, metrics: 10_000 }],
  ['OTEL_METRIC_EXPORT_TIMEOUT', { traces: 10_000, metrics: 700 }],
])('%s is the export timeout of its signal unless an OTLP timeout is set', (name, timeouts) => {
  const timeoutsWith = (env: Record<string, string>) => {
    const { config } = load('metrics: {exporters: otlp}', env);
    const [span] = config.traces.exporters;
    const [metric] = config.metrics.exporters;
    return {
      traces: span?.type === 'otlp' && span.timeoutMs,
      metrics: metric?.type === 'otlp' && metric.timeoutMs,
    };
  };
  expect(timeoutsWith({ [name]: '700' })).toEqual(timeouts);
  expect(timeoutsWith({ [name]: '700', OTEL_EXPORTER_OTLP_TIMEOUT: '800' })).toEqual({
    traces: 800,
    metrics: 800,
  });
});

test.each([
  ['":9464"', { port: 9464 }],
  ['9464', { port: 9464 }],
  ['"9000"', { port: 9000 }],
  [':9000', { port: 9000 }],
  ['":0"', { port: 0 }],
  ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
  ['"[::1]:9000"', { host: '::1', port: 9000 }],
  ['localhost:9000/my/metrics', { host: 'localhost', port: 9000, path: '/my/metrics' }],
  ['true', {}],
  ['', {}],
])('prometheus: %s is a valid address', (address, changed) => {
  expect(metrics(`[prometheus: ${address}]`)).toEqual({ exporters: [{ ...PAGE, ...changed }], lines: [] });
});

test.each(['::1:9464', ':99999', 'localhost', '-1', 'a b:1', '[::1', ':9464x', '{}', '[1]'])(
  'the address "%s" for prometheus is reported',
  (address) => {
    const quoted = address.startsWith('{') || address === '[1]' ? address : JSON.stringify(address);
    const found = { '{}': 'a mapping', '[1]': 'a list' }[address] ?? JSON.stringify(address);
    expect(metrics(`[prometheus: ${quoted}]`)).toEqual({
      exporters: [PAGE],
      lines: [
        `error otel-autoconf.yaml:2:27: found ${found}, expected a listen address such as ":9464" or "127.0.0.1:9464"; using :9464`,
      ],
    });
  },
);

test('the Prometheus variables override host and port', () => {
  const env = { OTEL_EXPORTER_PROMETHEUS_HOST: '[::1]', OTEL_EXPORTER_PROMETHEUS_PORT: '9999' };
  expect(metrics('[prometheus: "127.0.0.1:9000/m"]', env)).toEqual({
    exporters: [{ ...PAGE, host: '::1', port: 9999, path: '/m' }],
    lines: [],
  });
  expect(metrics('[prometheus: "127.0.0.1:9000"]', { OTEL_EXPORTER_PROMETHEUS_PORT: '70000' })).toEqual({
    exporters: [{ ...PAGE, host: '127.0.0.1', port: 9000 }],
    lines: [
      'error OTEL_EXPORTER_PROMETHEUS_PORT: found "70000", expected a port from 0 to 65535; using 9000',
    ],
  });
});

test('the exporter list in the environment replaces the list in the file, but keeps the settings of exporters in both', () => {
  const yaml = '[otlp: {endpoint: http://c:4317, timeout: 1s}]';
  const detailed = { ...SPANS, endpoint: 'http://c:4317', timeoutMs: 1000 };
  expect(traces(yaml, { OTEL_TRACES_EXPORTER: 'console,otlp' })).toEqual({
    exporters: [CONSOLE, detailed],
    lines: [],
  });
  expect(metrics('[prometheus: ":0"]', { OTEL_METRICS_EXPORTER: 'Prometheus' })).toEqual({
    exporters: [{ ...PAGE, port: 0 }],
    lines: [],
  });
});

test.each([
  [
    'otlp',
    [METRICS],
    'info OTEL_METRICS_EXPORTER=otlp overrides otel-autoconf.yaml:2:14: prometheus is off; OTEL_METRICS_EXPORTER=otlp,prometheus keeps it',
  ],
  ['none', [], 'info OTEL_METRICS_EXPORTER=none overrides otel-autoconf.yaml:2:14: prometheus is off'],
])('OTEL_METRICS_EXPORTER=%s turns off an exporter of the file and reports it', (names, exporters, line) => {
  expect(metrics('[prometheus: ":9000"]', { OTEL_METRICS_EXPORTER: names })).toEqual({
    exporters,
    lines: [line],
  });
});

test('all exporters that the environment turns off are reported in one line', () => {
  expect(metrics('[prometheus, otlp]', { OTEL_METRICS_EXPORTER: 'none' })).toEqual({
    exporters: [],
    lines: ['info OTEL_METRICS_EXPORTER=none overrides otel-autoconf.yaml:2:14: prometheus and otlp are off'],
  });
});

test('without a file OTEL_METRICS_EXPORTER reports nothing', () => {
  expect(load(undefined, { OTEL_METRICS_EXPORTER: 'otlp', OTEL_TRACES_EXPORTER: 'none' })).toMatchObject({
    config: { traces: { exporters: [] }, metrics: { exporters: [METRICS] } },
    lines: [],
  });
});

const NOW = 'using http://localhost:4317';
const URL_EXPECTED = 'expected a URL such as http://collector:4317';

test.each([
  [
    '[otlp: collector:4317]',
    [{ ...SPANS, endpoint: 'http://collector:4317' }],
    '2:21: found "collector:4317", expected a URL with a scheme (did you mean http://collector:4317?); using http://collector:4317',
  ],
  [
    '[otlp: {protocol: http/protobuf, endpoint: "user:hunter2@collector:4317"}]',
    [{ ...HTTP, endpoint: 'http://user:hunter2@collector:4317/v1/traces' }],
    '2:57: found "collector:4317", expected a URL with a scheme (did you mean http://collector:4317?); using http://collector:4317',
  ],
  [
    '[otlp: "grpc://u:hunter2@c:4317?key=hunter2"]',
    [SPANS],
    `2:21: found "grpc://c:4317", ${URL_EXPECTED}; ${NOW}`,
  ],
  ['[otlp: 4317]', [SPANS], `2:21: found "4317", ${URL_EXPECTED}; ${NOW}`],
  ['[otlp: "http://"]', [SPANS], `2:21: found "http://", ${URL_EXPECTED}; ${NOW}`],
  [
    '[otlp: [a]]',
    [SPANS],
    '2:21: found a list, expected a mapping with endpoint, protocol, headers, compression, timeout, certificate, client_key or client_certificate; ignored',
  ],
  [
    '[otlp: {endpoit: x}]',
    [SPANS],
    '2:22: found "endpoit", expected endpoint, protocol, headers, compression, timeout, certificate, client_key or client_certificate (did you mean endpoint?); ignored',
  ],
  [
    '[otlp: {protocol: http/json}]',
    [SPANS],
    '2:32: found "http/json", expected grpc or http/protobuf; using grpc',
  ],
  ['[otlp: {headers: [hunter2]}]', [SPANS], '2:31: found a list, expected key-value pairs; using none'],
  [
    '[otlp: {headers: hunter2}]',
    [SPANS],
    '2:31: found an invalid header, expected key=value, percent-encoded; ignored',
  ],
  [
    '[otlp: {headers: {a: "x\\nhunter2"}}]',
    [SPANS],
    '2:32: found an invalid header, expected a name and a string; ignored',
  ],
  [
    '[otlp: {headers: {a: [hunter2]}}]',
    [SPANS],
    '2:32: found an invalid header, expected a name and a string; ignored',
  ],
  ['[console: loudly]', [CONSOLE], '2:24: found "loudly", expected true or false; using true'],
  [
    '[consol, otlp]',
    [SPANS],
    '2:15: found "consol", expected otlp, console or none (did you mean console?); using otlp',
  ],
  ['[zipkin: http://z]', [SPANS], '2:15: found "zipkin", expected otlp, console or none; using otlp'],
  ['[[otlp]]', [SPANS], '2:15: found a list, expected otlp, console or none; using otlp'],
])('traces.exporters: %s is reported', (yaml, exporters, line) => {
  expect(traces(yaml)).toMatchObject({ exporters, lines: [`error otel-autoconf.yaml:${line}`] });
});

test('an invalid variable is reported once, although both signals read it', () => {
  const { lines } = load('metrics: {exporters: otlp}', {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20ok,hunter2',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRICS_EXPORTER: 'otlp,zipkin',
  });
  expect(lines).toEqual([
    'error OTEL_EXPORTER_OTLP_ENDPOINT: found "collector:4317", expected a URL with a scheme (did you mean http://collector:4317?); using http://collector:4317',
    'error OTEL_EXPORTER_OTLP_HEADERS: found an invalid header, expected key=value, percent-encoded; ignored',
    'error OTEL_EXPORTER_OTLP_PROTOCOL: found "http/json", expected grpc or http/protobuf; using grpc',
    'error OTEL_METRICS_EXPORTER: found "zipkin", expected prometheus, otlp or none; using otlp',
  ]);
});

test.each([
  [{}, undefined],
  [{ NO_COLOR: '1' }, false],
  [{ FORCE_COLOR: '1' }, true],
  [{ FORCE_COLOR: '0' }, false],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true],
])('with %j the colour of the console exporter is %s', (env, colour) => {
  expect(traces('[console]', env).exporters).toEqual([
    { ...CONSOLE, ...(colour !== undefined && { colour }) },
  ]);
});
