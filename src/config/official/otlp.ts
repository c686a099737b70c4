import type { OtlpExporter, OtlpMetricExporter, Signal } from '../config.js';
import { IGNORED, quote, type Report, redactedEndpoint } from '../diagnostic.js';
import type { SourceNode } from '../source/source-node.js';
import { headers as headerList } from '../types/key-values.js';
import {
  flag,
  integer,
  list,
  map,
  mapping,
  type NodeType,
  reportProblem,
  string,
  typed,
  type ValueOf,
  value,
  word,
} from './node-type.js';

/** A timer with a longer delay fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const milliseconds: NodeType<number> = integer(0, LONGEST_MS);

/** In milliseconds. 0 stands for no limit. */
export const timeout: NodeType<number> = map(milliseconds, (ms) => (ms === 0 ? LONGEST_MS : ms));

/** A value may be a secret, so no message repeats it. */
const headerValue: NodeType<string> = {
  read(node, report) {
    if (node.kind === 'scalar' && typeof node.value === 'string') return node.text;
    reportProblem(node.where, 'a value of another type', 'a string', IGNORED, report);
    return undefined;
  },
};

const httpUrl = value('a URL such as http://collector:4318/v1/traces', (given) =>
  typeof given === 'string' && isHttp(given) ? given : undefined,
);

/** A host and a port are enough. */
const grpcTarget = value('a URL such as http://collector:4317', (given) =>
  typeof given === 'string' && isHttp(hasScheme(given) ? given : `http://${given}`) ? given : undefined,
);

const encoding: NodeType<'protobuf'> = map(word(['protobuf', 'json']), (name, node, report) => {
  if (name !== 'protobuf') reportProblem(node.where, quote(name), 'protobuf', 'using protobuf', report);
  return 'protobuf';
});

const tls = { ca_file: string, key_file: string, cert_file: string };
const common = {
  headers: list(mapping({ name: string, value: headerValue }, ['name'])),
  headers_list: typed(headerList),
  compression: word(['gzip', 'none']),
  timeout,
};
const http = { endpoint: httpUrl, tls: mapping(tls), encoding, ...common };
const grpc = { endpoint: grpcTarget, tls: mapping({ ...tls, insecure: flag }), ...common };
const preferences = {
  temporality_preference: word(['cumulative', 'delta', 'low_memory']),
  default_histogram_aggregation: word(['explicit_bucket_histogram', 'base2_exponential_bucket_histogram']),
};

const httpExporter = mapping(http);
const grpcExporter = mapping(grpc);
const httpMetricExporter = mapping({ ...http, ...preferences });
const grpcMetricExporter = mapping({ ...grpc, ...preferences });

type Common = Pick<ValueOf<typeof httpExporter>, keyof typeof common | 'tls'>;
type Preferences = Pick<ValueOf<typeof httpMetricExporter>, keyof typeof preferences>;

/** The exporters of spans. */
export const spanExporters = {
  otlp_http: map(httpExporter, (given) => overHttp(given, 'traces')),
  otlp_grpc: map(grpcExporter, overGrpc),
};

/** The exporters that push metrics. */
export const metricExporters = {
  otlp_http: map(httpMetricExporter, (given) => ({ ...overHttp(given, 'metrics'), ...preferred(given) })),
  otlp_grpc: map(grpcMetricExporter, (given, node, report) => ({
    ...overGrpc(given, node, report),
    ...preferred(given),
  })),
};

function overHttp(given: ValueOf<typeof httpExporter>, signal: Signal): OtlpExporter {
  const { endpoint = `http://localhost:4318/v1/${signal}` } = given;
  return { ...exporterOf(given), protocol: 'http/protobuf', endpoint };
}

/** Over gRPC the method takes the place of a path. */
function overGrpc(given: ValueOf<typeof grpcExporter>, node: SourceNode, report: Report): OtlpExporter {
  const { endpoint = 'http://localhost:4317', tls } = given;
  const scheme = tls?.insecure === true ? 'http' : 'https';
  const { origin, pathname } = new URL(hasScheme(endpoint) ? endpoint : `${scheme}://${endpoint}`);
  if (pathname !== '/') {
    const found = `a path in ${quote(redactedEndpoint(endpoint))}`;
    const expected = 'only a scheme, a host and a port for gRPC';
    reportProblem(node.where, found, expected, `using ${origin}`, report);
  }
  return { ...exporterOf(given), protocol: 'grpc', endpoint: origin };
}

function exporterOf({
  headers = [],
  headers_list,
  compression = 'none',
  timeout = 10_000,
  tls = {},
}: Common): Omit<OtlpExporter, 'protocol' | 'endpoint'> {
  // An empty value stands for no header.
  const named = headers.flatMap(({ name, value }) =>
    value === undefined ? [] : [[name.toLowerCase(), value]],
  );
  return {
    type: 'otlp',
    headers: { ...headers_list, ...Object.fromEntries(named) },
    compression,
    timeoutMs: timeout,
    ...(tls.ca_file !== undefined && { certificate: tls.ca_file }),
    ...(tls.key_file !== undefined && { clientKey: tls.key_file }),
    ...(tls.cert_file !== undefined && { clientCertificate: tls.cert_file }),
  };
}

function preferred({
  temporality_preference: temporality = 'cumulative',
  default_histogram_aggregation: histogramAggregation = 'explicit_bucket_histogram',
}: Preferences): Pick<OtlpMetricExporter, 'temporality' | 'histogramAggregation'> {
  return { temporality, histogramAggregation };
}

function hasScheme(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text);
}

function isHttp(url: string): boolean {
  return ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '');
}
