/** The methods with which workers poll for tasks and answer them. */
import type { Activity } from './activity.js';
import type { Handlers } from './api.js';
import type { Namespace } from './namespace.js';
import { notFound } from './status.js';

interface ActivityName {
  workflowId: string;
  runId: string;
  activityId: string;
}

export function workerHandlers(namespace: Namespace): Handlers {
  const { workflowTasks, activityTasks, workflowTokens, activityTokens, queryTokens } = namespace;

  function byToken({ taskToken }: { taskToken: Uint8Array }): Activity {
    return activityTokens.find(taskToken);
  }

  function byId({ workflowId, runId, activityId }: ActivityName): Activity {
    const { activities } = namespace.find({ workflowId, runId });
    const activity = [...activities.values()].find(
      (each) => each.activityId === activityId && each.isStarted,
    );
    if (activity === undefined) throw notFound(`activity ${activityId}`);
    return activity;
  }

  return {
    pollWorkflowTaskQueue: ({ taskQueue, identity }, signal) =>
      workflowTasks.of(taskQueue?.name ?? '').poll(identity, signal),
    respondWorkflowTaskCompleted(request) {
      workflowTokens.find(request.taskToken).tasks.complete(request);
      return {};
    },
    respondWorkflowTaskFailed({ taskToken, cause, failure, identity }) {
      workflowTokens.find(taskToken).tasks.fail({ cause, failure, identity });
      return {};
    },
    respondQueryTaskCompleted(request) {
      queryTokens.find(request.taskToken).respond(request);
      return {};
    },
    pollActivityTaskQueue: ({ taskQueue, identity }, signal) =>
      activityTasks.of(taskQueue?.name ?? '').poll(identity, signal),
    recordActivityTaskHeartbeat: (request) => byToken(request).heartbeat(request.details),
    recordActivityTaskHeartbeatById: (request) => byId(request).heartbeat(request.details),
    respondActivityTaskCompleted(request) {
      byToken(request).complete(request.result);
      return {};
    },
    respondActivityTaskCompletedById(request) {
      byId(request).complete(request.result);
      return {};
    },
    respondActivityTaskFailed(request) {
      byToken(request).fail(request.failure);
      return {};
    },
    respondActivityTaskFailedById(request) {
      byId(request).fail(request.failure);
      return {};
    },
    respondActivityTaskCanceled(request) {
      byToken(request).cancel(request.details);
      return {};
    },
    respondActivityTaskCanceledById(request) {
      byId(request).cancel(request.details);
      return {};
    },
    shutdownWorker({ stickyTaskQueue }) {
      for (const { tasks } of namespace.executions) tasks.leave(stickyTaskQueue);
      return {};
    },
  };
}
