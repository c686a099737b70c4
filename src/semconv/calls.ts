import type { CallKind, CallSystem } from '../instrumentation.js';

/**
 * What the semantic conventions (1.45, stable names) call each part of a call: its histogram, its labels and
 * its span. Spans and RED both read this table, so a name is spelled once.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
 */
export interface CallConvention {
  /** The duration histogram, unit `s`. */
  readonly histogram: string;
  readonly description: string;
  /** The attributes that become labels, in the order of the exposition. */
  readonly labels: readonly string[];
  readonly operation: string;
  /** What was asked for when `operation` is `_OTHER`. */
  readonly operationOriginal: string;
  /** What a name of the call becomes. The same attribute as `operation` where the name tells the operation. */
  readonly route: string;
  readonly code: string;
  spanName(operation: string, route: string | undefined): string;
  /** Whether a status code alone makes the call an error. */
  isFailure(code: number | string): boolean;
}

/** Bucket boundaries in seconds, as the conventions advise for every duration of a call. */
export const DURATION_BOUNDARIES: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** What stands for a value outside its known set. */
export const OTHER = '_OTHER';

const http = {
  operation: 'http.request.method',
  operationOriginal: 'http.request.method_original',
  route: 'http.route',
  code: 'http.response.status_code',
  spanName(method: string, route: string | undefined): string {
    const verb = method === OTHER ? 'HTTP' : method;
    return route === undefined ? verb : `${verb} ${route}`;
  },
};

const httpServer: CallConvention = {
  ...http,
  // What the client did wrong (4xx) is no error of the server.
  isFailure: (status) => Number(status) >= 500,
  histogram: 'http.server.request.duration',
  description: 'Duration of HTTP server requests.',
  labels: [
    'http.request.method',
    'url.scheme',
    'http.route',
    'http.response.status_code',
    'network.protocol.version',
    'error.type',
  ],
};

const httpClient: CallConvention = {
  ...http,
  isFailure: (status) => Number(status) >= 400,
  histogram: 'http.client.request.duration',
  description: 'Duration of HTTP client requests.',
  labels: [
    'http.request.method',
    'server.address',
    'server.port',
    'http.response.status_code',
    'network.protocol.version',
    'error.type',
  ],
};

const grpc = {
  operation: 'rpc.method',
  operationOriginal: 'rpc.method_original',
  route: 'rpc.method',
  code: 'rpc.status_code',
  spanName: (_operation: string, method: string | undefined): string => method ?? 'grpc',
};

/** Any other status tells what the client did wrong. */
const SERVER_FAILURES = new Set<number | string>([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

const grpcServer: CallConvention = {
  ...grpc,
  isFailure: (status) => SERVER_FAILURES.has(status),
  histogram: 'rpc.server.call.duration',
  description: 'Duration of incoming remote procedure calls.',
  labels: ['rpc.system.name', 'rpc.method', 'rpc.status_code', 'error.type'],
};

const grpcClient: CallConvention = {
  ...grpc,
  isFailure: (status) => status !== 'OK',
  histogram: 'rpc.client.call.duration',
  description: 'Duration of outgoing remote procedure calls.',
  labels: ['rpc.system.name', 'rpc.method', 'server.address', 'server.port', 'rpc.status_code', 'error.type'],
};

const conventions: Record<CallSystem, Record<CallKind, CallConvention>> = {
  http: { server: httpServer, client: httpClient },
  grpc: { server: grpcServer, client: grpcClient },
};

export function conventionOf(system: CallSystem, kind: CallKind): CallConvention {
  return conventions[system][kind];
}
