import type { Attributes, CallKind } from '../../../instrumentation.js';

/** An operation of a Temporal client: what its span and its `temporal.route` are named by, and what else is known. */
export interface Operation {
  readonly name: string;
  /** The type or name of the workflow, signal, query or activity: bounded by the application's code. */
  readonly of?: unknown;
  readonly kind?: CallKind;
  readonly attributes?: Attributes;
}

/** `StartWorkflow:OrderWorkflow`: the words of Temporal's own tracing, in every language. */
export function routeOf({ name, of }: Operation): string {
  return typeof of === 'string' && of !== '' ? `${name}:${of}` : name;
}

interface Execution {
  readonly workflowId?: string | null;
  readonly runId?: string | null;
}

interface StartOptions {
  readonly workflowId?: string;
  readonly taskQueue?: string;
}

function execution({ workflowId, runId }: Execution = {}): Attributes {
  return { 'temporal.workflow_id': workflowId ?? undefined, 'temporal.run_id': runId ?? undefined };
}

function started({ workflowId, taskQueue }: StartOptions = {}, workflowType?: string): Attributes {
  return {
    'temporal.workflow_id': workflowId,
    'temporal.workflow_type': workflowType,
    'temporal.task_queue': taskQueue,
  };
}

/** A workflow is given by its name or by its function. */
function nameOf(workflow: unknown): unknown {
  return typeof workflow === 'string' ? workflow : (workflow as { name?: unknown } | undefined)?.name;
}

/** What the methods of a client are as operations, by the arguments that they are given. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of a foreign library, each table knows its own.
export type Operations = Readonly<Record<string, (...args: any[]) => Operation>>;

export const WORKFLOWS: Operations = {
  execute: (workflow, options) => ({
    name: 'ExecuteWorkflow',
    of: nameOf(workflow),
    attributes: started(options),
  }),
  result: (workflowId, runId) => ({
    name: 'GetWorkflowResult',
    attributes: execution({ workflowId, runId }),
  }),
  count: () => ({ name: 'CountWorkflows' }),
  _list: () => ({ name: 'ListWorkflows' }),
};

export const SCHEDULES: Operations = {
  _createSchedule: () => ({ name: 'CreateSchedule' }),
  _describeSchedule: () => ({ name: 'DescribeSchedule' }),
  _updateSchedule: () => ({ name: 'UpdateSchedule' }),
  _patchSchedule: (_, patch) => ({ name: patchName(patch) }),
  _deleteSchedule: () => ({ name: 'DeleteSchedule' }),
  list: () => ({ name: 'ListSchedules' }),
};

export const COMPLETIONS: Operations = {
  complete: () => ({ name: 'CompleteActivity' }),
  fail: () => ({ name: 'FailActivity' }),
  reportCancellation: () => ({ name: 'CancelActivity' }),
  heartbeat: () => ({ name: 'HeartbeatActivity' }),
};

export const ACTIVITIES: Operations = {
  startHandler: ({ activityType, options }) => ({
    name: 'StartActivity',
    of: activityType,
    kind: 'producer',
    attributes: { 'temporal.activity_id': options?.id, 'temporal.task_queue': options?.taskQueue },
  }),
  getResultHandler: () => ({ name: 'GetActivityResult' }),
  describeHandler: () => ({ name: 'DescribeActivity' }),
  cancelHandler: () => ({ name: 'RequestCancelActivity' }),
  terminateHandler: () => ({ name: 'TerminateActivity' }),
  countHandler: () => ({ name: 'CountActivities' }),
  listHandler: () => ({ name: 'ListActivities' }),
  pauseHandler: () => ({ name: 'PauseActivity' }),
  unpauseHandler: () => ({ name: 'UnpauseActivity' }),
};

function patchName(patch: Record<string, unknown> = {}): string {
  if ('pause' in patch) return 'PauseSchedule';
  if ('unpause' in patch) return 'UnpauseSchedule';
  if ('triggerImmediately' in patch) return 'TriggerSchedule';
  return 'backfillRequest' in patch ? 'BackfillSchedule' : 'PatchSchedule';
}

/** The operations with an interceptor, by its method. */
const INTERCEPTED: Operations = {
  startWithDetails: ({ workflowType, options }) => ({
    name: 'StartWorkflow',
    of: workflowType,
    kind: 'producer',
    attributes: started(options, workflowType),
  }),
  signalWithStart: ({ workflowType, options }) => ({
    name: 'SignalWithStartWorkflow',
    of: workflowType,
    kind: 'producer',
    attributes: started(options, workflowType),
  }),
  signal: ({ signalName, workflowExecution }) => ({
    name: 'SignalWorkflow',
    of: signalName,
    kind: 'producer',
    attributes: execution(workflowExecution),
  }),
  query: ({ queryType, workflowExecution }) => ({
    name: 'QueryWorkflow',
    of: queryType,
    attributes: execution(workflowExecution),
  }),
  startUpdate: ({ updateName, workflowExecution }) => ({
    name: 'StartWorkflowUpdate',
    of: updateName,
    attributes: execution(workflowExecution),
  }),
  startUpdateWithStart: ({ updateName, workflowType, workflowStartOptions }) => ({
    name: 'UpdateWithStartWorkflow',
    of: updateName,
    attributes: started(workflowStartOptions, workflowType),
  }),
  terminate: ({ workflowExecution }) => ({
    name: 'TerminateWorkflow',
    attributes: execution(workflowExecution),
  }),
  cancel: ({ workflowExecution }) => ({ name: 'CancelWorkflow', attributes: execution(workflowExecution) }),
  describe: ({ workflowExecution }) => ({
    name: 'DescribeWorkflow',
    attributes: execution(workflowExecution),
  }),
};

/** And `start`: the name of `startWithDetails` before 1.14, and what older interceptors still have. */
export const BY_METHOD: Operations = {
  ...INTERCEPTED,
  start: INTERCEPTED['startWithDetails'] as Operations[string],
};
