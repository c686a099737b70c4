import { DURATION_BOUNDARIES, defineConvention } from './convention.js';

/** The common part of all gRPC conventions, including those for requests to the Temporal service. */
export const rpc = {
  operation: 'rpc.method',
  operationOriginal: 'rpc.method_original',
  route: 'rpc.method',
  code: 'rpc.status_code',
  spanName: (_operation: string, method: string | undefined): string => method ?? 'grpc',
  boundaries: DURATION_BOUNDARIES,
};

/** The statuses that are the server's fault. Every other failure is the client's. */
const SERVER_FAILURES = new Set<number | string>([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

export function isNotOk(status: number | string): boolean {
  return status !== 'OK';
}

/** @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/#rpc-server */
export const RPC_SERVER = defineConvention({
  ...rpc,
  isFailure: (status) => SERVER_FAILURES.has(status),
  histogram: 'rpc.server.call.duration',
  description: 'Duration of incoming remote procedure calls.',
  labels: ['rpc.system.name', 'rpc.method', 'rpc.status_code', 'error.type'],
});

/** @see https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/#rpc-client */
export const RPC_CLIENT = defineConvention({
  ...rpc,
  isFailure: isNotOk,
  histogram: 'rpc.client.call.duration',
  description: 'Duration of outgoing remote procedure calls.',
  labels: ['rpc.system.name', 'rpc.method', 'server.address', 'server.port', 'rpc.status_code', 'error.type'],
});
