/** Schedules. They are stored and start a workflow when they are triggered, but never by the clock. */
import { randomUUID } from 'node:crypto';
import type { temporal } from '@temporalio/proto';
import type { Handlers } from './api.js';
import type { Namespace } from './namespace.js';
import { notFound } from './status.js';
import { now } from './time.js';

type Schedule = temporal.api.schedule.v1.ISchedule;

export function scheduleHandlers(namespace: Namespace): Handlers {
  const schedules = new Map<string, { schedule: Schedule; createTime: ReturnType<typeof now> }>();

  function find(id: string) {
    const found = schedules.get(id);
    if (found === undefined) throw notFound(`schedule ${id}`);
    return found;
  }

  function trigger({ action }: Schedule): void {
    const { workflowId, ...started } = action?.startWorkflow ?? {};
    namespace.start(`${workflowId}-${randomUUID()}`, { started });
  }

  return {
    createSchedule({ scheduleId, schedule }) {
      schedules.set(scheduleId, { schedule: schedule ?? {}, createTime: now() });
      return {};
    },
    describeSchedule({ scheduleId }) {
      const { schedule, createTime } = find(scheduleId);
      return { schedule, info: { createTime } };
    },
    updateSchedule({ scheduleId, schedule }) {
      find(scheduleId).schedule = schedule ?? {};
      return {};
    },
    patchSchedule({ scheduleId, patch }) {
      const { schedule } = find(scheduleId);
      if (patch?.triggerImmediately) trigger(schedule);
      if (patch?.pause) schedule.state = { ...schedule.state, paused: true, notes: patch.pause };
      if (patch?.unpause) schedule.state = { ...schedule.state, paused: false, notes: patch.unpause };
      return {};
    },
    listSchedules: () => ({
      schedules: [...schedules].map(
        ([
          scheduleId,
          {
            schedule: { spec, action, state },
          },
        ]) => ({
          scheduleId,
          info: { spec, workflowType: action?.startWorkflow?.workflowType, paused: state?.paused },
        }),
      ),
    }),
    deleteSchedule({ scheduleId }) {
      find(scheduleId);
      schedules.delete(scheduleId);
      return {};
    },
  };
}
