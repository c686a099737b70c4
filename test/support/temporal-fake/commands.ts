import type { temporal } from '@temporalio/proto';
import { Activity } from './activity.js';
import type { Request } from './api.js';
import { continueAsNew, startChild } from './chain.js';
import type { Execution } from './execution.js';
import { millisOf } from './time.js';

type Command = temporal.api.command.v1.ICommand & { attributes?: string };

/** The names of the commands: `startTimer` and so on. */
type CommandName = keyof Command extends infer Field
  ? Field extends `${infer Name}CommandAttributes`
    ? Name
    : never
  : never;

export type CommandAttributes<Name extends CommandName> = NonNullable<Command[`${Name}CommandAttributes`]>;

/** The effect of each command on the execution, given the event of the completed workflow task that contained it. */
type Commands = {
  [Name in CommandName]?: (
    execution: Execution,
    attributes: CommandAttributes<Name>,
    workflowTaskCompletedEventId: number,
  ) => void;
};

const COMMANDS: Commands = {
  scheduleActivityTask(execution, attributes, workflowTaskCompletedEventId) {
    const scheduled = { ...attributes, workflowTaskCompletedEventId };
    const eventId = execution.history.append('activityTaskScheduled', scheduled);
    const activity = new Activity(execution, eventId, attributes);
    execution.activities.set(eventId, activity);
    activity.schedule();
  },
  requestCancelActivityTask({ history, activities }, attributes, workflowTaskCompletedEventId) {
    const scheduledEventId = Number(attributes.scheduledEventId);
    history.append('activityTaskCancelRequested', { scheduledEventId, workflowTaskCompletedEventId });
    activities.get(scheduledEventId)?.requestCancel();
  },
  startTimer({ history, namespace, tasks, timers }, attributes, workflowTaskCompletedEventId) {
    const timerId = attributes.timerId ?? '';
    const startedEventId = history.append('timerStarted', { ...attributes, workflowTaskCompletedEventId });
    // The timer may be cancelled by a task that is running when it fires.
    const fire = (): void => {
      if (timers.delete(timerId)) history.append('timerFired', { timerId, startedEventId });
    };
    const cancel = namespace.timers.after(millisOf(attributes.startToFireTimeout ?? {}), () =>
      tasks.happen(fire),
    );
    timers.set(timerId, { startedEventId, cancel });
  },
  cancelTimer({ history, timers }, attributes, workflowTaskCompletedEventId) {
    const timerId = attributes.timerId ?? '';
    const timer = timers.get(timerId);
    timer?.cancel();
    timers.delete(timerId);
    const startedEventId = timer?.startedEventId;
    history.append('timerCanceled', { timerId, startedEventId, workflowTaskCompletedEventId });
  },
  recordMarker({ history }, attributes, workflowTaskCompletedEventId) {
    history.append('markerRecorded', { ...attributes, workflowTaskCompletedEventId });
  },
  upsertWorkflowSearchAttributes({ history }, attributes, workflowTaskCompletedEventId) {
    history.append('upsertWorkflowSearchAttributes', { ...attributes, workflowTaskCompletedEventId });
  },
  startChildWorkflowExecution: startChild,
  completeWorkflowExecution(execution, attributes, workflowTaskCompletedEventId) {
    execution.close('Completed', { ...attributes, workflowTaskCompletedEventId });
  },
  failWorkflowExecution(execution, attributes, workflowTaskCompletedEventId) {
    execution.close('Failed', { ...attributes, workflowTaskCompletedEventId });
  },
  cancelWorkflowExecution(execution, attributes, workflowTaskCompletedEventId) {
    execution.close('Canceled', { ...attributes, workflowTaskCompletedEventId });
  },
  continueAsNewWorkflowExecution: continueAsNew,
};

const CLOSING: CommandName[] = [
  'completeWorkflowExecution',
  'failWorkflowExecution',
  'cancelWorkflowExecution',
  'continueAsNewWorkflowExecution',
];

export function closes(command: Command): boolean {
  return CLOSING.includes(nameOf(command));
}

/** Applies the answer of a worker. Messages are applied at their command; messages without one come first. */
export function applyCommands(
  execution: Execution,
  { commands, messages }: Pick<Request<'respondWorkflowTaskCompleted'>, 'commands' | 'messages'>,
  completedEventId: number,
): void {
  const placed = new Set(commands.map(messageOf));
  for (const message of messages) if (!placed.has(message.id)) execution.updates.receive(message);
  for (const command of commands) {
    const message = messages.find(({ id }) => id === messageOf(command));
    if (message === undefined) applyCommand(execution, command, completedEventId);
    else execution.updates.receive(message);
  }
}

function messageOf({ protocolMessageCommandAttributes }: Command): string | null | undefined {
  return protocolMessageCommandAttributes?.messageId;
}

function applyCommand(execution: Execution, command: Command, completedEventId: number): void {
  const name = nameOf(command);
  const apply = COMMANDS[name] as ((...args: unknown[]) => void) | undefined;
  if (apply !== undefined) apply(execution, command[`${name}CommandAttributes`], completedEventId);
  else execution.close('Failed', { failure: { message: `the fake has no command ${name}` } });
}

function nameOf({ attributes }: Command): CommandName {
  return attributes?.replace('CommandAttributes', '') as CommandName;
}
