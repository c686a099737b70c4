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
  /** The upper bounds of its buckets, in seconds. */
  readonly boundaries: readonly number[];
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

/** Bucket boundaries in seconds, as the conventions advise for the duration of a call. */
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
  boundaries: DURATION_BOUNDARIES,
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
  boundaries: DURATION_BOUNDARIES,
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

/** Workflows live from milliseconds to days. */
const WORKFLOW_BOUNDARIES: readonly number[] = [
  0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800,
];

const temporal = {
  operation: 'temporal.route',
  operationOriginal: 'temporal.route_original',
  route: 'temporal.route',
  code: 'temporal.status',
  spanName: (_operation: string, route: string | undefined): string => route ?? 'temporal',
  isFailure: (status: number | string): boolean => status === 'failed',
  boundaries: DURATION_BOUNDARIES,
};

const temporalClient: CallConvention = {
  ...temporal,
  histogram: 'temporal.client.operation.duration',
  description: 'Duration of operations of Temporal clients.',
  labels: ['temporal.route', 'temporal.namespace', 'temporal.task_queue', 'temporal.status', 'error.type'],
};

const temporalActivity: CallConvention = {
  ...temporal,
  histogram: 'temporal.activity.duration',
  description: 'Duration of attempts of Temporal activities.',
  labels: [
    'temporal.route',
    'temporal.namespace',
    'temporal.task_queue',
    'temporal.local',
    'temporal.status',
    'error.type',
  ],
};

const temporalWorkflow: CallConvention = {
  ...temporal,
  histogram: 'temporal.workflow.duration',
  description: 'Duration of runs and handlers of Temporal workflows, in workflow time.',
  labels: ['temporal.route', 'temporal.namespace', 'temporal.task_queue', 'temporal.status', 'error.type'],
  boundaries: WORKFLOW_BOUNDARIES,
};

const temporalOutbound: CallConvention = {
  ...temporalWorkflow,
  histogram: 'temporal.workflow.outbound.duration',
  description:
    'Duration of activities, child workflows and signals as a workflow sees them, retries included.',
};

const temporalRpc: CallConvention = {
  ...grpc,
  isFailure: (status) => status !== 'OK',
  histogram: 'temporal.client.rpc.duration',
  description: 'Duration of requests to the Temporal service.',
  labels: ['rpc.method', 'temporal.transport', 'rpc.status_code', 'error.type'],
};

const temporalLongRpc: CallConvention = {
  ...temporalRpc,
  histogram: 'temporal.client.long_rpc.duration',
  description: 'Duration of requests to the Temporal service that wait for something to happen.',
};

export function conventionOf(system: CallSystem, kind: CallKind): CallConvention {
  switch (system) {
    case 'http':
      return kind === 'server' ? httpServer : httpClient;
    case 'grpc':
      return kind === 'server' ? grpcServer : grpcClient;
    case 'temporal-client':
      return temporalClient;
    case 'temporal-rpc':
      return temporalRpc;
    case 'temporal-long-rpc':
      return temporalLongRpc;
    case 'temporal-activity':
      return temporalActivity;
    case 'temporal-workflow':
      return temporalWorkflow;
    case 'temporal-outbound':
      return temporalOutbound;
  }
}
