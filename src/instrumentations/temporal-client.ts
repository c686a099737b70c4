import type { Instrumentation } from '../instrumentation.js';
import { TEMPORAL_CLIENT, TEMPORAL_LONG_RPC, TEMPORAL_RPC } from '../semconv/temporal.js';
import { observeConnections } from './temporal/client/connections.js';
import { addInterceptor, OperationObserver } from './temporal/client/operation-observer.js';
import {
  ACTIVITIES,
  COMPLETIONS,
  executeUpdate,
  NEXUS,
  NEXUS_START,
  SCHEDULES,
  updateResult,
  WORKFLOWS,
} from './temporal/client/operations.js';
import type { TraceCarrier } from './temporal/header.js';
import { observeGrpcRequests } from './temporal/requests.js';
import { Visibility } from './temporal/visibility.js';

/**
 * Clients of `@temporalio/client`. Each operation of the application is a call, and so is each request that it makes to
 * the service. Operations that support interceptors are observed by one, so that their headers can carry the trace
 * context. The others are observed by wrapping the client's methods.
 */
export const temporalClient: Instrumentation = {
  name: 'temporal-client',
  aliases: ['temporal'],
  observes: 'Operations and service requests of @temporalio/client 1.11 and later',
  conventions: [TEMPORAL_CLIENT, TEMPORAL_RPC, TEMPORAL_LONG_RPC],
  targets: [
    {
      package: '@temporalio/client',
      versions: '^1.11.0',
      file: 'lib/index.js',
      attach(exports, calls, guard) {
        const {
          WorkflowClient,
          ScheduleClient,
          AsyncCompletionClient,
          ActivityClient,
          NexusClient,
          Connection,
        } = exports;
        const visibility = Visibility.of(calls);
        const observer = new OperationObserver(calls, guard, visibility);
        addInterceptor(WorkflowClient.prototype, observer, visibility, guard);
        observer.observeMethods(WorkflowClient.prototype, WORKFLOWS);
        observer.observeReturned(
          WorkflowClient.prototype,
          '_createWorkflowHandle',
          'executeUpdate',
          executeUpdate,
        );
        observer.observeReturned(
          WorkflowClient.prototype,
          'createWorkflowUpdateHandle',
          'result',
          updateResult,
        );
        observer.observeMethods(ScheduleClient.prototype, SCHEDULES);
        observer.observeMethods(AsyncCompletionClient.prototype, COMPLETIONS);
        if (ActivityClient !== undefined) observer.observeMethods(ActivityClient.prototype, ACTIVITIES);
        if (NexusClient !== undefined) {
          observer.observeMethods(NexusClient.prototype, NEXUS);
          observer.observeMethods(NexusClient.prototype, NEXUS_START, addNexusTrace);
        }
        observeGrpcRequests(Connection, calls, guard);
        observeConnections(Connection, calls, guard);
      },
    },
  ],
};

function addNexusTrace([input, ...rest]: unknown[], trace: TraceCarrier): unknown[] {
  const start = input as { readonly headers?: Record<string, string> };
  return [{ ...start, headers: trace.addToNexus(start.headers) }, ...rest];
}
