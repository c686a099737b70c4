// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config, OtlpMetricExporter, PageConfig, QueueConfig } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { switchable } from '../../src/instrumentations/index.js';
import { KNOWN_METHODS } from '../../src/semconv/http-methods.js';
import { inFolder, load, loadIn } from '../support/load-config.js';

const OTLP = {
  type: 'otlp',
  protocol: 'grpc',
  endpoint: 'http://localhost:4317',
  headers: {},
  compression: 'none',
  timeoutMs: 10_000,
} as const;

const QUEUE = { maxSize: 2048, maxBatch: 512, delayMs: 5000 };

const PAGE: PageConfig = {
  resourceLabels: { included: ['service.name'] },
  scopeLabels: true,
  targetInfo: true,
  translation: 'underscore_escaping_with_suffixes',
};

const DEFAULTS: Config = {
  enabled: true,
  logLevel: 'info',
  serviceName: 'app',
  resourceAttributes: {},
  resourceDetection: { detectors: ['host', 'process', 'service'], attributes: {} },
  propagators: ['tracecontext', 'baggage'],
  trust: { incoming: 'continue', outgoing: ['*'] },
  capturedHeaders: { serverRequest: [], serverResponse: [], clientRequest: [], clientResponse: [] },
  traces: {
    exporters: [{ ...OTLP, queue: QUEUE }],
    sampler: { name: 'parentbased_always_on', ratio: 1 },
    rules: [],
    keep: undefined,
    limits: {
      attributeCount: 128,
      attributeValueLength: Infinity,
      eventCount: 128,
      linkCount: 128,
      eventAttributeCount: 128,
      linkAttributeCount: 128,
    },
  },
  metrics: {
    exporters: [{ type: 'prometheus', host: '', port: 9464, path: '/metrics', page: PAGE }],
    exemplars: 'trace_based',
    maxRoutes: 500,
    maxSeries: 2_000,
  },
  knownMethods: KNOWN_METHODS,
  propagateDeadlines: false,
  visibility: false,
  instrumentations: Object.fromEntries(switchable.map(({ name, isOptIn = false }) => [name, !isOptIn])),
  reload: true,
  exitTimeoutMs: 2000,
  exitSignals: true,
  workerThreads: false,
};

function queueOf({ traces }: Config): QueueConfig | undefined {
  return traces.exporters.find((each) => each.type === 'otlp')?.queue;
}

/** The original example of the short form, byte for byte. */
const SEED = `traces:
  exporters:
  - otlp: http://collector:4317
metrics:
  exporters:
  - prometheus: ":9464"
instrumentations:
- http-client: true
- jvm: true
`;

test('without a file and an environment the defaults apply', () => {
  const { config, diagnostics, file } = load();
  expect({ config, diagnostics, file }).toEqual({ config: DEFAULTS, diagnostics: [], file: undefined });
});

test('the original example of the short form is read', () => {
  const { config, diagnostics, file } = load(SEED);

  expect(config).toEqual({
    ...DEFAULTS,
    traces: { ...DEFAULTS.traces, exporters: [{ ...OTLP, endpoint: 'http://collector:4317', queue: QUEUE }] },
  });
  expect(diagnostics).toEqual([]);
  expect(file).toMatchObject({ name: 'otel-autoconf.yaml', text: SEED });
});

test('the file is loaded again with the environment that the process has started with', () => {
  inFolder({ 'otel-autoconf.yaml': 'service: {name: "a-${WHERE}"}' }, (cwd) => {
    const env: Record<string, string> = { WHERE: 'here' };
    const { file } = loadIn(cwd, env);
    env['WHERE'] = 'there';
    env['OTEL_LOG_LEVEL'] = 'debug';
    writeFileSync(join(cwd, 'otel-autoconf.yaml'), 'service: {name: "b-${WHERE}"}');

    expect(file?.reload().config).toMatchObject({ serviceName: 'b-here', logLevel: 'info' });
    rmSync(join(cwd, 'otel-autoconf.yaml'));
    expect(file?.reload().file).toBeUndefined();
  });
});

test('without arguments the current process is the source', () => {
  expect(loadConfig([]).config.serviceName).not.toBe('unknown_service:node');
});

test('the configuration is deeply frozen', () => {
  const { config } = load(SEED, { OTEL_EXPORTER_OTLP_HEADERS: 'a=b' });
  const check = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    expect(Object.isFrozen(value)).toBe(true);
    Object.values(value).forEach(check);
  };
  check(config);
});

/** Each setting: in the file, in the environment, and the value with only the first and with both. */
const ROWS: [
  yaml: string,
  env: Record<string, string>,
  pick: (config: Config) => unknown,
  file: unknown,
  env: unknown,
][] = [
  ['service: {name: orders}', { OTEL_SERVICE_NAME: 'shop' }, (c) => c.serviceName, 'orders', 'shop'],
  ['service: {name: 1.10}', { OTEL_SERVICE_NAME: ' 2 ' }, (c) => c.serviceName, '1.10', '2'],
  ['log_level: none', { OTEL_LOG_LEVEL: 'DEBUG' }, (c) => c.logLevel, 'none', 'debug'],
  ['log_level: error', { OTEL_LOG_LEVEL: 'verbose' }, (c) => c.logLevel, 'error', 'debug'],
  ['log_level: warn', { OTEL_LOG_LEVEL: 'ALL' }, (c) => c.logLevel, 'warn', 'debug'],
  [
    'propagators: [baggage]',
    { OTEL_PROPAGATORS: 'tracecontext' },
    (c) => c.propagators,
    ['baggage'],
    ['tracecontext'],
  ],
  [
    'propagators: tracecontext',
    { OTEL_PROPAGATORS: 'baggage, tracecontext,baggage' },
    (c) => c.propagators,
    ['tracecontext'],
    ['baggage', 'tracecontext'],
  ],
  ['propagators: []', { OTEL_PROPAGATORS: 'none' }, (c) => c.propagators, [], []],
  [
    'http: {known_methods: [GET, PURGE]}',
    { OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: 'GET,POST' },
    (c) => c.knownMethods,
    ['GET', 'PURGE'],
    ['GET', 'POST'],
  ],
  ['grpc: {propagate_deadlines: true}', {}, (c) => c.propagateDeadlines, true, true],
  ['temporal: {visibility: true}', {}, (c) => c.visibility, true, true],
  ['exit: {timeout: 500ms}', {}, (c) => c.exitTimeoutMs, 500, 500],
  ['exit: {timeout: 0}', {}, (c) => c.exitTimeoutMs, 0, 0],
  ['exit: {timeout: 1.5s}', {}, (c) => c.exitTimeoutMs, 1500, 1500],
  [
    'traces: {sampler: always_off}',
    { OTEL_TRACES_SAMPLER: 'always_on' },
    (c) => c.traces.sampler,
    { name: 'always_off', ratio: 1 },
    { name: 'always_on', ratio: 1 },
  ],
  [
    'traces: {sampler: {name: traceidratio, ratio: 0.1}}',
    { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' },
    (c) => c.traces.sampler,
    { name: 'traceidratio', ratio: 0.1 },
    { name: 'parentbased_traceidratio', ratio: 0.5 },
  ],
  [
    'traces: {queue: {size: 5000}}',
    { OTEL_BSP_MAX_QUEUE_SIZE: '6000' },
    (c) => queueOf(c)?.maxSize,
    5000,
    6000,
  ],
  [
    'traces: {queue: {batch: 50}}',
    { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '60' },
    (c) => queueOf(c)?.maxBatch,
    50,
    60,
  ],
  ['traces: {queue: {delay: 2s}}', { OTEL_BSP_SCHEDULE_DELAY: '100' }, (c) => queueOf(c)?.delayMs, 2000, 100],
  [
    'traces: {limits: {attributes: 1}}',
    { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2', OTEL_ATTRIBUTE_COUNT_LIMIT: '3' },
    (c) => c.traces.limits.attributeCount,
    1,
    2,
  ],
  [
    'traces: {limits: {attributes: 1}}',
    { OTEL_ATTRIBUTE_COUNT_LIMIT: '3' },
    (c) => c.traces.limits.attributeCount,
    1,
    3,
  ],
  [
    'traces: {limits: {attribute_length: 10}}',
    { OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '20', OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '30' },
    (c) => c.traces.limits.attributeValueLength,
    10,
    20,
  ],
  [
    'traces: {limits: {attribute_length: 10}}',
    { OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: 'none' },
    (c) => c.traces.limits.attributeValueLength,
    10,
    Infinity,
  ],
  [
    'traces: {limits: {events: 0}}',
    { OTEL_SPAN_EVENT_COUNT_LIMIT: '9' },
    (c) => c.traces.limits.eventCount,
    0,
    9,
  ],
  [
    'traces: {limits: {links: 8}}',
    { OTEL_SPAN_LINK_COUNT_LIMIT: '9' },
    (c) => c.traces.limits.linkCount,
    8,
    9,
  ],
  [
    'metrics: {exporters: [otlp], interval: 30s}',
    { OTEL_METRIC_EXPORT_INTERVAL: '1000' },
    (c) => (c.metrics.exporters[0] as OtlpMetricExporter).intervalMs,
    30_000,
    1000,
  ],
  [
    'metrics: {exemplars: always_on}',
    { OTEL_METRICS_EXEMPLAR_FILTER: 'always_off' },
    (c) => c.metrics.exemplars,
    'always_on',
    'always_off',
  ],
  ['metrics: {limits: {routes: 7}}', {}, (c) => c.metrics.maxRoutes, 7, 7],
  ['metrics: {limits: {series: 7}}', {}, (c) => c.metrics.maxSeries, 7, 7],
];

test.each(ROWS)('"%s" is read, and %j takes precedence', (yaml, env, pick, fromFile, fromEnv) => {
  const file = load(yaml);
  expect(file.lines).toEqual([]);
  expect(pick(file.config)).toEqual(fromFile);
  const both = load(yaml, env);
  expect(both.lines).toEqual([]);
  expect(pick(both.config)).toEqual(fromEnv);
  const empty = Object.fromEntries(Object.keys(env).map((name) => [name, ' ']));
  expect(pick(load(yaml, empty).config)).toEqual(fromFile);
});

test.each([
  ['true', false],
  ['TRUE', false],
  ['false', true],
])('OTEL_SDK_DISABLED=%s sets enabled to %s', (OTEL_SDK_DISABLED, enabled) => {
  expect(load(SEED, { OTEL_SDK_DISABLED })).toMatchObject({ config: { enabled }, lines: [] });
});

test('resource attributes are percent-decoded, and invalid ones are reported and ignored', () => {
  const { config, lines } = load(undefined, {
    OTEL_RESOURCE_ATTRIBUTES: 'a=b%2Cc, d = e=f ,g,=h,i=%zz,service.name=x',
  });
  expect(config.resourceAttributes).toEqual({ a: 'b,c', d: 'e=f' });
  expect(lines).toEqual(
    ['g', '=h', 'i=%zz'].map(
      (pair) =>
        `error OTEL_RESOURCE_ATTRIBUTES: found "${pair}", expected key=value, percent-encoded; ignored`,
    ),
  );
});

test('all problems are reported at once, in the order of the file', () => {
  const yaml = `servce:
  name: x
log_level: loud
traces:
  sampler: {name: alwayson, ration: 2, ratio: 2}
  queue: 7
  limits: {events: -1, links: 1.5, attributes: [1]}
metrics:
  interval: 0
  limits: {routes: many}
exit: {timeout: 2h}
exit.timeout: 1s
propagators: [tracecontext, b4]
http: {known_methods: [GET, "P O"]}
`;
  const { config, lines } = load(yaml, {
    OTEL_TRACES_SAMPLER_ARG: 'x',
    OTEL_BSP_SCHEDULE_DELAY: '9999999999',
  });
  expect(lines).toEqual([
    'error OTEL_BSP_SCHEDULE_DELAY: found "9999999999", expected a duration such as 2s or 500ms, or a number of milliseconds; using 5s',
    'error OTEL_TRACES_SAMPLER_ARG: found "x", expected a number from 0 to 1; using 1',
    'error otel-autoconf.yaml:1:1: found "servce", expected traces, metrics, instrumentations, service, resource, propagators, trust, http, grpc, temporal, exit, log_level, worker_threads or reload (did you mean service?); ignored',
    'error otel-autoconf.yaml:3:12: found "loud", expected none, error, warn, info or debug; using info',
    'error otel-autoconf.yaml:5:19: found "alwayson", expected always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio (did you mean always_on?); using parentbased_always_on',
    'error otel-autoconf.yaml:5:29: found "ration", expected name or ratio (did you mean ratio?); ignored',
    'error otel-autoconf.yaml:5:47: found "2", expected a number from 0 to 1; using 1',
    'error otel-autoconf.yaml:6:10: found "7", expected a mapping with size, batch or delay; ignored',
    'error otel-autoconf.yaml:7:20: found "-1", expected a whole number, or none for no limit; using 128',
    'error otel-autoconf.yaml:7:31: found "1.5", expected a whole number, or none for no limit; using 128',
    'error otel-autoconf.yaml:7:48: found a list, expected a whole number, or none for no limit; using 128',
    'error otel-autoconf.yaml:9:13: found "0", expected a duration such as 2s or 500ms, or a number of milliseconds; using 60s',
    'error otel-autoconf.yaml:10:20: found "many", expected a whole number from 1 to 1000000; using 500',
    'error otel-autoconf.yaml:11:17: found "2h", expected a duration such as 2s or 500ms, or a number of milliseconds; using 2s',
    'error otel-autoconf.yaml:12:1: found "exit.timeout", expected traces, metrics, instrumentations, service, resource, propagators, trust, http, grpc, temporal, exit, log_level, worker_threads or reload; ignored',
    'error otel-autoconf.yaml:13:29: found "b4", expected tracecontext, baggage, b3, b3multi or xray (did you mean b3?); using tracecontext',
    'error otel-autoconf.yaml:14:29: found "P O", expected an HTTP method; using GET',
  ]);
  expect(config).toEqual({ ...DEFAULTS, propagators: ['tracecontext'], knownMethods: ['GET'] });
});

test('an invalid variable leaves the value of the file in effect', () => {
  const { config, lines } = load('log_level: warn\nservice:\n', { OTEL_LOG_LEVEL: 'loud' });
  expect(config.logLevel).toBe('warn');
  expect(lines).toEqual([
    'error OTEL_LOG_LEVEL: found "loud", expected none, error, warn, info or debug; using warn',
  ]);
});

test('the batch size is at most the queue size', () => {
  const given = load('traces: {queue: {size: 100, batch: 200}}');
  expect(queueOf(given.config)).toEqual({ maxSize: 100, maxBatch: 100, delayMs: 5000 });
  expect(given.lines).toEqual([
    'error otel-autoconf.yaml:1:36: found "200", expected at most 100, the size of the queue; using 100',
  ]);
  expect(load('traces: {queue: {size: 100}}')).toMatchObject({
    config: { traces: { exporters: [{ queue: { maxBatch: 100 } }] } },
    lines: [],
  });
});

test.each(['0', '1000001', '5e9', '9007199254740991'])('a queue of %s spans is refused', (size) => {
  const { config, lines } = load(undefined, { OTEL_BSP_MAX_QUEUE_SIZE: size });
  expect(queueOf(config)?.maxSize).toBe(2048);
  expect(lines).toEqual([
    `error OTEL_BSP_MAX_QUEUE_SIZE: found "${size}", expected a whole number from 1 to 1000000; using 2048`,
  ]);
});

test('values in the file can refer to environment variables', () => {
  const yaml =
    'service: {name: "${NAME:-orders}"}\nlog_level: ${LEVEL}\ntraces:\n  queue:\n    size: ${SIZE}\n';
  expect(load(yaml, { SIZE: '9000' })).toMatchObject({
    config: {
      serviceName: 'orders',
      logLevel: 'info',
      traces: { exporters: [{ queue: { maxSize: 9000 } }] },
    },
    lines: [expect.stringMatching(/^warn otel-autoconf\.yaml:2:12: found the unset variable "\$\{LEVEL\}"/)],
  });
});

test('an endpoint made of a variable that is not set does not quietly become the default', () => {
  const { config, lines } = load('traces: {exporters: [{otlp: "${COLLECTOR}"}]}');
  expect(config.traces.exporters).toEqual([{ ...OTLP, queue: QUEUE }]);
  expect(lines.join('\n')).toContain('otel-autoconf.yaml:1:29: found the unset variable "${COLLECTOR}"');
});

test('a plain number as a duration is milliseconds, and in the file a line says so', () => {
  const file = load('exit: {timeout: 5}\ntraces: {queue: {delay: 1500}}');
  expect(file.config.exitTimeoutMs).toBe(5);
  expect(file.lines).toEqual([
    'info otel-autoconf.yaml:1:17: found "5", expected 5ms or 5s; using 5ms',
    'info otel-autoconf.yaml:2:25: found "1500", expected 1500ms or 1500s; using 1500ms',
  ]);
  expect(load(undefined, { OTEL_BSP_SCHEDULE_DELAY: '5' })).toMatchObject({
    config: { traces: { exporters: [{ queue: { delayMs: 5 } }] } },
    lines: [],
  });
});

test.each([
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    '"http://c:4317"',
    (c: Config) => c.traces.exporters,
    [{ ...OTLP, endpoint: 'http://c:4317', queue: QUEUE }],
  ],
  ['OTEL_SERVICE_NAME', "'shop'", (c: Config) => c.serviceName, 'shop'],
  ['OTEL_LOG_LEVEL', ' "debug" ', (c: Config) => c.logLevel, 'debug'],
])('quotes that a launcher has left around the value of %s are taken off', (name, value, pick, inside) => {
  const { config, lines } = load(undefined, { [name]: value });
  expect(pick(config)).toEqual(inside);
  expect(lines).toEqual([
    `warn ${name}: found quotes around the value, expected none; using what is inside them`,
  ]);
});

const HOSTILE: [what: string, yaml: string, env?: Record<string, string>][] = [
  ['nothing', ''],
  ['a scalar', 'x'],
  ['a number', '7'],
  ['nulls', '~\n'],
  ['control characters', '\0\u0001\u{10ffff}'],
  ['a byte order mark alone', '\ufeff'],
  ['a list', '- 1\n- 2\n'],
  [
    'a list for every key',
    'traces: []\nmetrics: []\ninstrumentations: [[]]\nservice: []\npropagators: [[]]\nhttp: []\nexit: []\nlog_level: []\n',
  ],
  [
    'a number for every key',
    'traces: 1\nmetrics: 1\ninstrumentations: 1\nservice: 1\npropagators: 1\nhttp: 1\nexit: 1\nlog_level: 1\n',
  ],
  [
    'a mapping for every key',
    'traces: {exporters: {}, sampler: {}, queue: {}}\nmetrics: {exporters: {}}\ninstrumentations: {}\npropagators: {}\nlog_level: {}\n',
  ],
  [
    'null for every key',
    'traces:\n  exporters:\n  -\n  - otlp:\n  - console:\nmetrics:\n  exporters:\n  - prometheus:\ninstrumentations:\n-\n- http:\n',
  ],
  ['deep exporters', 'traces: {exporters: [[[{otlp: x}]]]}'],
  [
    'otlp settings that are lists',
    'traces: {exporters: [{otlp: {endpoint: [], headers: [], protocol: [], timeout: {}}}]}',
  ],
  [
    'odd URLs',
    'traces: {exporters: [{otlp: "http://"}, {otlp: "http://[::"}, {otlp: "//x"}, {otlp: ":4317"}, {otlp: "4317"}]}',
  ],
  ['a foreign scheme', 'traces: {exporters: [{otlp: "unix:///x"}]}'],
  ['odd addresses', 'metrics: {exporters: [prometheus: "::1:9464", prometheus: ":99999", prometheus: "x"]}'],
  ['prototype keys', '__proto__: {x: 1}\nconstructor: 1\ntraces: {__proto__: 1, toString: 2}\n'],
  [
    'prototype names',
    'instrumentations: [__proto__, toString: true]\ntraces: {exporters: [__proto__, constructor]}\n',
  ],
  ['prototype headers', 'traces: {exporters: [{otlp: {headers: {__proto__: x}}}]}'],
  ['repeated keys', 'traces: {}\ntraces: {}\n'.repeat(50)],
  ['an unclosed list', 'traces: [1'],
  ['a tab', 'traces:\n\texporters: []\n'],
  ['two documents', 'traces: {}\n---\ntraces: {}\n'],
  ['an alias of the node that contains it', 'traces: &a {exporters: *a}'],
  ['a list that contains itself', 'traces: {exporters: &a [*a]}'],
  [
    'aliases that expand exponentially',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.replace(/./g, (to) => `${to}: &${to} [${`*${String.fromCharCode(to.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
  ],
  ['deep nesting', `traces: ${'['.repeat(20_000)}`],
  ['a wide file', `traces: {}\n${Array.from({ length: 20_000 }, (_, n) => `k${n}: 1\n`).join('')}`],
  ['unknown tags', 'traces: !!js/function "x"\nmetrics: !foo {}\n'],
  ['another YAML version', '%YAML 1.1\n---\nlog_level: yes\n'],
  ['malformed references', 'log_level: ${\nservice: {name: "${}"}\ntraces: {sampler: "${A B}"}\n'],
  ['a declarative configuration file', 'file_format: "1.0"\ntracer_provider:\n'],
  [
    'odd variables',
    'traces: {}',
    {
      OTEL_TRACES_EXPORTER: ',,',
      OTEL_PROPAGATORS: ',',
      OTEL_RESOURCE_ATTRIBUTES: '=,=,%',
      OTEL_EXPORTER_OTLP_HEADERS: '\n=\n',
    },
  ],
  ['long variables', 'traces: {}', { OTEL_SERVICE_NAME: 'x'.repeat(1e6), OTEL_LOG_LEVEL: 'y'.repeat(1e6) }],
];

test.each(HOSTILE)(
  '%s: loading does not throw, reports one line per problem and returns a complete configuration',
  (_, yaml, env) => {
    const { config, diagnostics, lines } = load(yaml, env);
    expect(shapeOf(config)).toEqual(shapeOf(DEFAULTS));
    expect(config.traces.exporters.every(isComplete)).toBe(true);
    expect(config.metrics.exporters.every(isComplete)).toBe(true);
    for (const [n, diagnostic] of diagnostics.entries()) {
      expect(['error', 'warn', 'info']).toContain(diagnostic.severity);
      expect(diagnostic).toMatchObject({ now: expect.stringMatching(/./) });
      expect(lines[n]).toMatch(/^\w+ \S+: found [^\n]+, expected [^\n]+; [^\n]+$/);
    }
  },
);

/** The types of all values. Items of lists are left out. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'list';
  if (typeof value !== 'object' || value === null) return typeof value;
  const entries = Object.entries(value).filter(([key]) => key !== 'resourceAttributes');
  return Object.fromEntries(entries.map(([key, each]) => [key, shapeOf(each)]));
}

function isComplete(exporter: Config['traces']['exporters'][0] | Config['metrics']['exporters'][0]): boolean {
  if (exporter.type === 'console') return true;
  if (exporter.type === 'prometheus') return exporter.path.startsWith('/') && Number.isInteger(exporter.port);
  return URL.canParse(exporter.endpoint) && exporter.timeoutMs > 0;
}
