import type { Instrumentation } from '../instrumentation.js';
import {
  TEMPORAL_ACTIVITY,
  TEMPORAL_LONG_RPC,
  TEMPORAL_NEXUS,
  TEMPORAL_OUTBOUND,
  TEMPORAL_RPC,
  TEMPORAL_WORKFLOW,
} from '../semconv/temporal.js';
import { observeNativeRequests } from './temporal/requests.js';
import { observeActivities } from './temporal/worker/activities.js';
import { observeCoreMetrics } from './temporal/worker/core-metrics.js';
import { ActivitiesInFlight } from './temporal/worker/in-flight.js';
import { observeNexus } from './temporal/worker/nexus.js';
import { observeWorkers } from './temporal/worker/workers.js';
import { observeBundles } from './temporal/workflow/bundles.js';

const inFlight = new ActivitiesInFlight();

/**
 * Workers of `@temporalio/worker`. The calls are attempts of activities, runs of workflows, handlers of signals,
 * queries, updates and Nexus operations, and the operations that a workflow starts. Gauges show the state of the workers.
 */
export const temporalWorker: Instrumentation = {
  name: 'temporal-worker',
  aliases: ['temporal'],
  observes: 'Activities, workflows and workers of @temporalio/worker 1.11 and later',
  conventions: [
    TEMPORAL_ACTIVITY,
    TEMPORAL_WORKFLOW,
    TEMPORAL_OUTBOUND,
    TEMPORAL_NEXUS,
    TEMPORAL_RPC,
    TEMPORAL_LONG_RPC,
  ],
  targets: [
    {
      package: '@temporalio/worker',
      versions: '^1.11.0',
      file: 'lib/index.js',
      attach({ Worker, NativeConnection, Runtime }, calls, guard) {
        observeCoreMetrics(Runtime, calls, guard);
        observeWorkers(Worker.prototype, inFlight, calls, guard);
        observeBundles(Worker, calls, guard);
        observeNativeRequests(NativeConnection.prototype, calls, guard);
      },
    },
    {
      package: '@temporalio/worker',
      versions: '^1.11.0',
      file: 'lib/activity.js',
      attach: ({ Activity }, calls, guard) => observeActivities(Activity.prototype, inFlight, calls, guard),
    },
    {
      package: '@temporalio/worker',
      versions: '^1.11.0',
      file: 'lib/nexus/index.js',
      attach: ({ NexusHandler }, calls, guard) => observeNexus(NexusHandler.prototype, calls, guard),
    },
  ],
};
