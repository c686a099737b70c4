// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax of references.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.js';
import { load } from '../../support/load-config.js';
import { officialObjection } from '../../support/official-config.js';

const HEAD = 'file_format: "1.1"\n';
const KITCHEN_SINK = readFileSync(new URL('kitchen-sink.yaml', import.meta.url), 'utf8');

/** The configuration of a file, which must be one that the parser of OpenTelemetry accepts. */
function official(yaml: string, env: Record<string, string> = {}): { config: Config; lines: string[] } {
  expect(officialObjection(HEAD + yaml)).toBeUndefined();
  return load(HEAD + yaml, env);
}

function traces(processor: string): Config['traces']['exporters'] {
  const { config, lines } = official(`tracer_provider: {processors: [${processor}]}\n`);
  expect(lines).toEqual([]);
  return config.traces.exporters;
}

function readers(reader: string): Config['metrics']['exporters'] {
  const { config, lines } = official(`meter_provider: {readers: [${reader}]}\n`);
  expect(lines).toEqual([]);
  return config.metrics.exporters;
}

test('what a file leaves out is off, and nothing is detected', () => {
  const { config, lines } = official('');
  expect(lines).toEqual([]);
  expect(config).toMatchObject({
    enabled: true,
    logLevel: 'info',
    serviceName: 'unknown_service:node',
    resourceAttributes: {},
    resourceDetection: { detectors: [], attributes: {} },
    propagators: [],
    traces: { exporters: [] },
    metrics: { exporters: [] },
  });
});

test('the other variables do not count, and one line names those that are set', () => {
  const { config, lines } = load(`${HEAD}resource: {attributes_list: "\${OTEL_RESOURCE_ATTRIBUTES}"}\n`, {
    OTEL_TRACES_EXPORTER: 'console',
    OTEL_LOG_LEVEL: 'debug',
    OTEL_RESOURCE_ATTRIBUTES: 'team=a',
    PATH: '/bin',
  });
  expect(config).toMatchObject({
    logLevel: 'info',
    traces: { exporters: [] },
    resourceAttributes: { team: 'a' },
  });
  expect(lines).toEqual([
    "info otel-autoconf.yaml is in OpenTelemetry's form, so these variables do not count: OTEL_LOG_LEVEL, OTEL_TRACES_EXPORTER",
  ]);
});

test.each([
  ['disabled: true\n', {}, false],
  ['disabled: false\n', {}, true],
  ['', { OTEL_SDK_DISABLED: 'true' }, false],
])('%j with %j: enabled is %s', (yaml, env, enabled) => {
  expect(load(HEAD + yaml, env as Record<string, string>).config.enabled).toBe(enabled);
});

test.each([
  ['trace3', 'debug'],
  ['debug', 'debug'],
  ['info4', 'info'],
  ['warn2', 'warn'],
  ['error', 'error'],
  ['fatal4', 'error'],
])('the log level %s is %s', (given, level) => {
  expect(official(`log_level: ${given}\n`).config.logLevel).toBe(level);
});

const QUEUE = { maxSize: 2048, maxBatch: 512, delayMs: 5000 };
const OTLP = { type: 'otlp', headers: {}, compression: 'none', timeoutMs: 10_000 };

describe('span processors', () => {
  test.each([
    [
      'batch: {exporter: {otlp_grpc: }}',
      { ...OTLP, protocol: 'grpc', endpoint: 'http://localhost:4317', queue: QUEUE },
    ],
    [
      'batch: {exporter: {otlp_http: {}}}',
      { ...OTLP, protocol: 'http/protobuf', endpoint: 'http://localhost:4318/v1/traces', queue: QUEUE },
    ],
    [
      'simple: {exporter: {otlp_http: {endpoint: "http://c/as/is"}}}',
      { ...OTLP, protocol: 'http/protobuf', endpoint: 'http://c/as/is', queue: { ...QUEUE, delayMs: 0 } },
    ],
    ['simple: {exporter: {console: }}', { type: 'console' }],
    [
      'batch: {schedule_delay: 0, export_timeout: 300, max_queue_size: 100, exporter: {otlp_grpc: {timeout: 0}}}',
      {
        ...OTLP,
        protocol: 'grpc',
        endpoint: 'http://localhost:4317',
        timeoutMs: 300,
        queue: { maxSize: 100, maxBatch: 100, delayMs: 0 },
      },
    ],
    [
      'batch: {exporter: {otlp_grpc: {endpoint: "collector:4317", compression: gzip, tls: {ca_file: /ca, cert_file: /c, key_file: /k}}}}',
      {
        ...OTLP,
        protocol: 'grpc',
        endpoint: 'https://collector:4317',
        compression: 'gzip',
        certificate: '/ca',
        clientCertificate: '/c',
        clientKey: '/k',
        queue: QUEUE,
      },
    ],
    [
      'batch: {exporter: {otlp_grpc: {endpoint: "collector:4317", tls: {insecure: true}}}}',
      { ...OTLP, protocol: 'grpc', endpoint: 'http://collector:4317', queue: QUEUE },
    ],
    [
      'batch: {exporter: {otlp_grpc: {headers: [{name: Api-Key, value: a}, {name: none, value: }], headers_list: "api-key=b,tenant=x%20y"}}}',
      {
        ...OTLP,
        protocol: 'grpc',
        endpoint: 'http://localhost:4317',
        headers: { 'api-key': 'a', tenant: 'x y' },
        queue: QUEUE,
      },
    ],
  ])('%s', (yaml, exporter) => {
    expect(traces(`{${yaml}}`)).toEqual([exporter]);
  });

  test('several processors have a queue each', () => {
    const exporters = traces(
      '{batch: {max_queue_size: 9, max_export_batch_size: 3, exporter: {otlp_grpc: }}}, {simple: {exporter: {otlp_http: }}}',
    );
    expect(exporters).toMatchObject([
      { protocol: 'grpc', queue: { maxSize: 9, maxBatch: 3 } },
      { protocol: 'http/protobuf', queue: { delayMs: 0 } },
    ]);
  });
});

const ON = { name: 'always_on', ratio: 1 };
const OFF = { name: 'always_off', ratio: 1 };
const PARENT = {
  name: 'parentbased',
  root: ON,
  remoteParentSampled: ON,
  remoteParentNotSampled: OFF,
  localParentSampled: ON,
  localParentNotSampled: OFF,
};

test.each([
  ['{always_on: }', ON],
  ['{always_off: {}}', OFF],
  ['{trace_id_ratio_based: {ratio: 0.25}}', { name: 'traceidratio', ratio: 0.25 }],
  ['{trace_id_ratio_based: }', { name: 'traceidratio', ratio: 1 }],
  ['{parent_based: }', PARENT],
  [
    '{parent_based: {root: {trace_id_ratio_based: {ratio: 0.1}}, remote_parent_sampled: {always_off: }}}',
    { ...PARENT, root: { name: 'traceidratio', ratio: 0.1 }, remoteParentSampled: OFF },
  ],
])('the sampler %s', (yaml, sampler) => {
  const { config, lines } = official(
    `tracer_provider: {processors: [{simple: {exporter: {console: }}}], sampler: ${yaml}}\n`,
  );
  expect(lines).toEqual([]);
  expect(config.traces.sampler).toEqual(sampler);
});

test('limits of the spans override the general ones', () => {
  const { config } = official(
    'attribute_limits: {attribute_count_limit: 7, attribute_value_length_limit: 8}\n' +
      'tracer_provider: {processors: [{simple: {exporter: {console: }}}], limits: {attribute_count_limit: 9, link_attribute_count_limit: 3}}\n',
  );
  expect(config.traces.limits).toEqual({
    attributeCount: 9,
    attributeValueLength: 8,
    eventCount: 128,
    linkCount: 128,
    eventAttributeCount: 128,
    linkAttributeCount: 3,
  });
});

const PAGE = {
  resourceLabels: { included: [] },
  scopeLabels: true,
  targetInfo: true,
  translation: 'underscore_escaping_with_suffixes',
};

describe('metric readers', () => {
  test.each([
    ['', { host: 'localhost', port: 9464, page: PAGE }],
    ['host: 0.0.0.0, port: 9000', { host: '0.0.0.0', port: 9000, page: PAGE }],
    ['host: "::"', { host: '', port: 9464, page: PAGE }],
    [
      'scope_info_enabled: false, target_info_enabled/development: false, resource_constant_labels: {included: ["service.*"], excluded: [service.version]}, translation_strategy: no_translation/development',
      {
        host: 'localhost',
        port: 9464,
        page: {
          resourceLabels: { included: ['service.*'], excluded: ['service.version'] },
          scopeLabels: false,
          targetInfo: false,
          translation: 'no_translation',
        },
      },
    ],
  ])('pull by prometheus/development: {%s}', (yaml, expected) => {
    expect(readers(`{pull: {exporter: {prometheus/development: {${yaml}}}}}`)).toEqual([
      { type: 'prometheus', path: '/metrics', ...expected },
    ]);
  });

  test('the names of version 1.0 mean the same', () => {
    const { config, lines } = load(
      'file_format: "1.0"\nmeter_provider: {readers: [{pull: {exporter: {prometheus/development: {without_scope_info: true, without_target_info/development: true, with_resource_constant_labels: {included: [a]}}}}}]}\n',
    );
    expect(lines).toEqual([]);
    expect(config.metrics.exporters).toMatchObject([
      { page: { scopeLabels: false, targetInfo: false, resourceLabels: { included: ['a'] } } },
    ]);
  });

  test('periodic readers push, each in its way', () => {
    expect(
      readers(
        '{periodic: {exporter: {otlp_grpc: }}}, {periodic: {interval: 1000, timeout: 500, cardinality_limits: {default: 9, counter: 3}, exporter: {otlp_http: {temporality_preference: delta, default_histogram_aggregation: base2_exponential_bucket_histogram}}}}',
      ),
    ).toMatchObject([
      {
        protocol: 'grpc',
        endpoint: 'http://localhost:4317',
        intervalMs: 60_000,
        temporality: 'cumulative',
        histogramAggregation: 'explicit_bucket_histogram',
      },
      {
        protocol: 'http/protobuf',
        endpoint: 'http://localhost:4318/v1/metrics',
        intervalMs: 1_000,
        timeoutMs: 500,
        temporality: 'delta',
        histogramAggregation: 'base2_exponential_bucket_histogram',
        cardinalityLimits: { default: 9, counter: 3 },
      },
    ]);
  });

  test('the exemplar filter, the limits of the calls and the views', () => {
    const { config, lines } = official(
      'meter_provider:\n' +
        '  exemplar_filter: always_off\n' +
        '  readers: [{pull: {exporter: {prometheus/development: }, cardinality_limits: {histogram: 77}}}]\n' +
        '  views:\n' +
        '    - selector: {instrument_name: "http.*", instrument_type: histogram}\n' +
        '      stream: {aggregation: {explicit_bucket_histogram: {boundaries: [0.1, 1]}}, attribute_keys: {excluded: [url.scheme]}}\n',
    );
    expect(lines).toEqual([]);
    expect(config.metrics).toMatchObject({
      exemplars: 'always_off',
      maxSeries: 77,
      views: [
        {
          selector: { instrument_name: 'http.*', instrument_type: 'histogram' },
          stream: {
            aggregation: { type: 'explicit_bucket_histogram', boundaries: [0.1, 1] },
            attribute_keys: { excluded: ['url.scheme'] },
          },
        },
      ],
    });
  });
});

test.each([
  ['composite: [{tracecontext: }, {baggage: }]', ['tracecontext', 'baggage']],
  ['composite_list: "b3,xray"', ['b3', 'xray']],
  ['composite: [{b3multi: }], composite_list: "baggage,b3multi"', ['b3multi', 'baggage']],
  ['composite_list: none', []],
])('propagator: {%s}', (yaml, propagators) => {
  const { config, lines } = official(`propagator: {${yaml}}\n`);
  expect({ propagators: config.propagators, lines }).toEqual({ propagators, lines: [] });
});

test('resource attributes have their types, and those of the list come second', () => {
  const { config, lines } = official(
    'resource:\n' +
      '  attributes_list: "a=list,b=2"\n' +
      '  attributes:\n' +
      '    - {name: service.name, value: orders}\n' +
      '    - {name: a, value: own}\n' +
      '    - {name: flag, value: true, type: bool}\n' +
      '    - {name: counts, value: [1, 2], type: int_array}\n' +
      '    - {name: ratio, value: 0.5, type: double}\n' +
      '    - {name: empty, value: }\n',
  );
  expect(config).toMatchObject({
    serviceName: 'orders',
    resourceAttributes: { a: 'own', b: '2', flag: true, counts: [1, 2], ratio: 0.5 },
  });
  expect(lines).toEqual([]);
});

test.each([
  ['value: 7', 'found "7", expected a value of type string; ignored'],
  ['value: x, type: int', 'found "x", expected a value of type int; ignored'],
  ['value: [1, a], type: int_array', 'found a list, expected a value of type int_array; ignored'],
  ['value: a, type: string_array', 'found "a", expected a value of type string_array; ignored'],
])('a resource attribute with %s', (yaml, line) => {
  const { config, lines } = load(`${HEAD}resource: {attributes: [{name: a, ${yaml}}]}\n`);
  expect(config.resourceAttributes).toEqual({});
  expect(lines).toEqual([expect.stringContaining(line)]);
});

test('the service detector finds the name that the environment or the package gives', () => {
  const yaml = `${HEAD}resource: {detection/development: {detectors: [{service: }, {host: }], attributes: {excluded: [host.id]}}}\n`;
  expect(load(yaml).config).toMatchObject({
    serviceName: 'app',
    resourceDetection: { detectors: ['service', 'host'], attributes: { excluded: ['host.id'] } },
  });
  expect(load(yaml, { OTEL_SERVICE_NAME: 'shop' }).config.serviceName).toBe('shop');
});

test('instrumentations are switched by name, and headers of HTTP are captured', () => {
  const { config, lines } = official(
    'instrumentation/development:\n' +
      '  general: {http: {server: {known_methods: [GET], request_captured_headers: [x-id]}, client: {response_captured_headers: [X-Cache]}}}\n' +
      '  js: {grpc: {enabled: false}, "@opentelemetry/instrumentation-fastify": {enabled: false}, pg: {}}\n',
  );
  expect(lines).toEqual([]);
  expect(config).toMatchObject({
    knownMethods: ['GET'],
    capturedHeaders: {
      serverRequest: ['x-id'],
      serverResponse: [],
      clientRequest: [],
      clientResponse: ['x-cache'],
    },
    instrumentations: { 'grpc-server': false, 'grpc-client': false, fastify: false, pg: true, express: true },
  });
});

test('what the model has no node for stands under distribution.redhook, in the keys of the short form', () => {
  const { config, lines } = official(
    'distribution: {redhook: {exit: {timeout: 5s}, grpc: {propagate_deadlines: true}, metrics: {limits: {routes: 7}}, trust: {incoming: link}}}\n',
  );
  expect(lines).toEqual([]);
  expect(config).toMatchObject({
    exitTimeoutMs: 5_000,
    propagateDeadlines: true,
    metrics: { maxRoutes: 7 },
    trust: { incoming: 'link' },
  });
});

test('a key of the short form that has a node in the model is refused under distribution.redhook', () => {
  const { lines } = official('distribution: {redhook: {propagators: [b3]}, other: {a: 1}}\n');
  expect(lines).toEqual([
    'error otel-autoconf.yaml:2:39: found "propagators", expected it in propagator; ignored',
    'warn otel-autoconf.yaml:2:46: found "other", expected a part of the model that Redhook uses; ignored, because it is for another distribution',
  ]);
});

/** One of each mistake. The rest of the file still applies. */
const BROKEN: [yaml: string, line: string][] = [
  ['tracer_provder: {}\n', '2:1: found "tracer_provder", expected file_format, disabled'],
  ['log_level: loud\n', '2:12: found the string "loud", expected trace, trace2'],
  ['disabled: "true"\n', '2:11: found the string "true", expected true or false; the default applies'],
  ['tracer_provider: []\n', '2:18: found a list, expected a mapping; ignored'],
  ['tracer_provider: {limits: {}}\n', '2:18: found no "processors", expected it; ignored'],
  ['tracer_provider: {processors: {}}\n', '2:31: found a mapping, expected a list; ignored'],
  ['tracer_provider: {processors: [{batch: {}}]}\n', '2:40: found no "exporter", expected it; ignored'],
  [
    'tracer_provider: {processors: [{batch: {exporter: {otlp: }}}]}\n',
    '2:52: found "otlp", expected otlp_http, otlp_grpc, console or otlp_file/development',
  ],
  [
    'tracer_provider: {processors: [{simple: {exporter: {console: , otlp_grpc: }}}]}\n',
    '2:64: found "otlp_grpc", expected one of otlp_http, otlp_grpc, console or otlp_file/development; ignored',
  ],
  [
    'tracer_provider: {processors: [{}]}\n',
    '2:32: found an empty mapping, expected one of batch or simple; ignored',
  ],
  [
    'tracer_provider: {processors: [{batch: {max_queue_size: "9", exporter: {console: }}}]}\n',
    '2:57: found the string "9", expected a whole number from 1 to 1000000; the default applies',
  ],
  [
    'tracer_provider: {processors: [{batch: {max_queue_size: 10, max_export_batch_size: 20, exporter: {console: }}}]}\n',
    '2:40: found batches of 20, expected at most 10, the size of the queue; using 10',
  ],
  [
    'tracer_provider: {processors: [{simple: {exporter: {otlp_grpc: {endpoint: "ftp://x"}}}}]}\n',
    '2:75: found the string "ftp://x", expected a URL such as http://collector:4317; the default applies',
  ],
  [
    'tracer_provider: {processors: [{simple: {exporter: {otlp_grpc: {endpoint: "http://c:4317/v1/traces"}}}}]}\n',
    '2:64: found a path in "http://c:4317/v1/traces", expected only a scheme, a host and a port for gRPC; using http://c:4317',
  ],
  [
    'tracer_provider: {processors: [{simple: {exporter: {otlp_http: {headers: [{name: a, value: [hunter2]}]}}}}]}\n',
    '2:92: found a value of another type, expected a string; ignored',
  ],
  [
    'tracer_provider: {processors: [{simple: {exporter: {otlp_http: {encoding: json}}}}]}\n',
    '2:75: found "json", expected protobuf; using protobuf',
  ],
  [
    'tracer_provider: {processors: [{simple: {exporter: {console: }}}], sampler: {trace_id_ratio_based: {ratio: 2}}}\n',
    '2:108: found 2, expected a number from 0 to 1; the default applies',
  ],
  [
    'tracer_provider: {processors: [{simple: {exporter: {console: }}}], sampler: {composite/development: {always_on: }}}\n',
    '2:78: found "composite/development", expected a part of the model that Redhook uses; ignored, because it is in development',
  ],
  [
    'meter_provider: {readers: [{pull: {exporter: {prometheus/development: {port: 70000}}}}]}\n',
    '2:78: found 70000, expected a whole number from 0 to 65535; the default applies',
  ],
  [
    'meter_provider: {readers: [{pull: {exporter: {prometheus: }}}]}\n',
    '2:47: found "prometheus", expected prometheus/development; ignored',
  ],
  ['propagator: {composite_list: "b4"}\n', '2:30: found "b4", expected tracecontext, baggage, b3'],
  [
    'instrumentation/development: {js: {fastfy: {enabled: false}}}\n',
    '2:36: found "fastfy", expected http-server',
  ],
  ['instrumentation/development: {js: {http: true}}\n', '2:42: found "true", expected a mapping; ignored'],
  ['resource: {attributes: [{name: a}]}\n', '2:25: found no "value", expected it; ignored'],
  ['logger_provider: {processors: []}\n', '2:1: found "logger_provider", expected a part of the model'],
];

test.each(BROKEN)('%j', (yaml, line) => {
  const { config, lines } = load(`${HEAD}${yaml}propagator: {composite: [{baggage: }]}\n`);
  expect(lines[0]).toMatch(/^(?:error|warn) otel-autoconf\.yaml:/);
  expect(lines.filter((each) => !each.includes('duplicate key'))).toEqual([
    expect.stringContaining(`otel-autoconf.yaml:${line}`),
  ]);
  if (!yaml.startsWith('propagator')) expect(config.propagators).toEqual(['baggage']);
});

test.each([
  ['file_format: "2.0"\n', 'found "2.0", expected "1.1" or "1.0", in quotes; using only the environment'],
  ['file_format: 1.1\n', 'found "1.1", expected "1.1" or "1.0", in quotes; using only the environment'],
  ['file_format: \n', 'found "", expected "1.1" or "1.0", in quotes; using only the environment'],
])('%j is not used', (yaml, line) => {
  const { config, lines } = load(yaml, { OTEL_SERVICE_NAME: 'shop' });
  expect(lines).toEqual([expect.stringContaining(line)]);
  expect(config.serviceName).toBe('shop');
});

test.each(['1.0', '1.0-rc.3', '1.1'])('file_format "%s" is read', (version) => {
  expect(load(`file_format: "${version}"\nlog_level: warn\n`)).toMatchObject({
    config: { logLevel: 'warn' },
    lines: [],
  });
});

test('a newer minor version is read with a warning', () => {
  const { config, lines } = load('file_format: "1.7"\nlog_level: warn\n');
  expect(config.logLevel).toBe('warn');
  expect(lines).toEqual([
    expect.stringMatching(/^warn .*found "1\.7", .*; what it has in common with 1\.1 is used$/),
  ]);
});

test('of a file with every node of the model, each one that has no effect is named once', () => {
  expect(officialObjection(KITCHEN_SINK)).toBeUndefined();
  const { config, lines } = load(KITCHEN_SINK);
  const named = lines.map((line) => /found "([^"]+)"/.exec(line)?.[1]);
  expect(named).toEqual([
    'schema_url',
    'otlp_file/development',
    'probability/development',
    'tracer_configurator/development',
    'opencensus',
    'max_export_batch_size/development',
    'console',
    'max_scale',
    'meter_configurator/development',
    'logger_provider',
    ...Array(6).fill('semconv'),
    'sensitive_query_parameters',
    'stability_opt_in_list',
    'java',
    'other',
  ]);
  expect(config.traces.exporters).toHaveLength(3);
  expect(config.metrics.exporters).toHaveLength(3);
  expect(config.exitTimeoutMs).toBe(5_000);
});
