/** Activities without a workflow. They are stored but never run. */
import { randomUUID } from 'node:crypto';
import { temporal } from '@temporalio/proto';
import type { Handlers, Response } from './api.js';
import { notFound } from './status.js';
import { now } from './time.js';

const Status = temporal.api.enums.v1.ActivityExecutionStatus;

type Info = NonNullable<Response<'describeActivityExecution'>['info']>;

export function standaloneActivityHandlers(): Handlers {
  const activities = new Map<string, Info>();

  function find(id: string): Info {
    const info = activities.get(id);
    if (info === undefined) throw notFound(`activity ${id}`);
    return info;
  }

  return {
    startActivityExecution({ activityId, activityType, taskQueue }) {
      const runId = randomUUID();
      const status = Status.ACTIVITY_EXECUTION_STATUS_RUNNING;
      const scheduleTime = now();
      const queue = taskQueue?.name;
      activities.set(activityId, { activityId, runId, activityType, status, scheduleTime, taskQueue: queue });
      return { runId, started: true };
    },
    describeActivityExecution({ activityId }) {
      const info = find(activityId);
      return { runId: info.runId, info };
    },
    terminateActivityExecution({ activityId }) {
      find(activityId).status = Status.ACTIVITY_EXECUTION_STATUS_TERMINATED;
      return {};
    },
    countActivityExecutions: () => ({ count: activities.size }),
  };
}
