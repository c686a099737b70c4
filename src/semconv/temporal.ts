import { DURATION_BOUNDARIES, defineConvention } from './convention.js';
import { isNotOk, rpc } from './rpc.js';

// The conventions do not cover Temporal yet (semconv#1688), so these names are our own.

/** Workflows run for milliseconds to days. */
const WORKFLOW_BOUNDARIES: readonly number[] = [
  0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800,
];

const temporal = {
  operation: 'temporal.route',
  route: 'temporal.route',
  code: 'temporal.status',
  spanName: (_operation: string, route: string | undefined): string => route ?? 'temporal',
  isFailure: (status: number | string): boolean => status === 'failed',
  boundaries: DURATION_BOUNDARIES,
  labels: ['temporal.route', 'temporal.namespace', 'temporal.task_queue', 'temporal.status', 'error.type'],
};

export const TEMPORAL_CLIENT = defineConvention({
  ...temporal,
  histogram: 'temporal.client.operation.duration',
  description: 'Duration of operations of Temporal clients.',
});

export const TEMPORAL_ACTIVITY = defineConvention({
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
});

export const TEMPORAL_WORKFLOW = defineConvention({
  ...temporal,
  histogram: 'temporal.workflow.duration',
  description: 'Duration of runs and handlers of Temporal workflows, in workflow time.',
  boundaries: WORKFLOW_BOUNDARIES,
});

export const TEMPORAL_OUTBOUND = defineConvention({
  ...temporal,
  histogram: 'temporal.workflow.outbound.duration',
  description:
    'Duration of activities, child workflows, Nexus operations and signals as a workflow sees them, retries included.',
  boundaries: WORKFLOW_BOUNDARIES,
});

export const TEMPORAL_NEXUS = defineConvention({
  ...temporal,
  histogram: 'temporal.nexus.duration',
  description: 'Duration of handlers of Nexus operations.',
});

const request = {
  ...rpc,
  isFailure: isNotOk,
  labels: ['rpc.method', 'temporal.transport', 'rpc.status_code', 'error.type'],
};

export const TEMPORAL_RPC = defineConvention({
  ...request,
  histogram: 'temporal.client.rpc.duration',
  description: 'Duration of requests to the Temporal service.',
});

/** Long polls: a client that waits for a result polls for a minute at a time, which would hide the other requests. */
export const TEMPORAL_LONG_RPC = defineConvention({
  ...request,
  histogram: 'temporal.client.long_rpc.duration',
  description: 'Duration of requests to the Temporal service that wait for something to happen.',
});
