import type { Instrumentation } from '../instrumentation.js';
import { TEMPORAL_CLIENT, TEMPORAL_LONG_RPC, TEMPORAL_RPC } from '../semconv/temporal.js';
import { observeConnections } from './temporal/client/connections.js';
import { intercept, OperationObserver } from './temporal/client/operation-observer.js';
import { ACTIVITIES, COMPLETIONS, SCHEDULES, WORKFLOWS } from './temporal/client/operations.js';
import { observeGrpcRequests } from './temporal/requests.js';
import { Visibility } from './temporal/visibility.js';

/**
 * Clients of `@temporalio/client`: each operation of the application is a call, and so is each request that it makes
 * to the service. Operations that have an interceptor are seen by one, so that the trace can travel in their headers;
 * the others by the methods that make them.
 */
export const temporalClient: Instrumentation = {
  name: 'temporal-client',
  aliases: ['temporal'],
  observes: 'Operations and requests of @temporalio/client from 1.11',
  conventions: [TEMPORAL_CLIENT, TEMPORAL_RPC, TEMPORAL_LONG_RPC],
  targets: [
    {
      package: '@temporalio/client',
      versions: '^1.11.0',
      file: 'lib/index.js',
      attach(exports, calls, guard) {
        const { WorkflowClient, ScheduleClient, AsyncCompletionClient, ActivityClient, Connection } = exports;
        const visibility = Visibility.of(calls);
        const observer = new OperationObserver(calls, guard, visibility);
        intercept(WorkflowClient.prototype, observer, visibility, guard);
        observer.methods(WorkflowClient.prototype, WORKFLOWS);
        observer.methods(ScheduleClient.prototype, SCHEDULES);
        observer.methods(AsyncCompletionClient.prototype, COMPLETIONS);
        if (ActivityClient !== undefined) observer.methods(ActivityClient.prototype, ACTIVITIES);
        observeGrpcRequests(Connection, calls, guard);
        observeConnections(Connection, calls, guard);
      },
    },
  ],
};
