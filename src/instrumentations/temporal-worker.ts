import type { Instrumentation } from '../instrumentation.js';
import {
  TEMPORAL_ACTIVITY,
  TEMPORAL_LONG_RPC,
  TEMPORAL_OUTBOUND,
  TEMPORAL_RPC,
  TEMPORAL_WORKFLOW,
} from '../semconv/temporal.js';
import { observeNativeRequests } from './temporal/requests.js';
import { observeActivities } from './temporal/worker/activities.js';
import { observeCore } from './temporal/worker/core-metrics.js';
import { ActivitiesInFlight } from './temporal/worker/in-flight.js';
import { observeWorkers } from './temporal/worker/workers.js';
import { observeBundles } from './temporal/workflow/bundles.js';

const inFlight = new ActivitiesInFlight();

/**
 * Workers of `@temporalio/worker`: each attempt of an activity, each run of a workflow, each handler of its signals,
 * queries and updates, and what a workflow asks of others; and the state of the workers themselves.
 */
export const temporalWorker: Instrumentation = {
  name: 'temporal-worker',
  aliases: ['temporal'],
  observes: 'Activities, workflows and workers of @temporalio/worker from 1.11',
  conventions: [TEMPORAL_ACTIVITY, TEMPORAL_WORKFLOW, TEMPORAL_OUTBOUND, TEMPORAL_RPC, TEMPORAL_LONG_RPC],
  targets: [
    {
      package: '@temporalio/worker',
      versions: '^1.11.0',
      file: 'lib/index.js',
      attach({ Worker, NativeConnection, Runtime }, calls, guard) {
        observeCore(Runtime, calls, guard);
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
  ],
};
