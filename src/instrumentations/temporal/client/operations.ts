import type { Attributes, CallKind } from '../../../instrumentation.js';

/** An operation of a Temporal client. `name` and `of` make the name of its span and its `temporal.route`. */
export interface Operation {
  readonly name: string;
  /** The type or name of the workflow, signal, query, update or activity. The application's code bounds its values. */
  readonly of?: unknown;
  readonly kind?: CallKind;
  readonly attributes?: Attributes;
}

/** `StartWorkflow:OrderWorkflow`: the format of Temporal's own tracing, in every SDK. */
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

function executionAttributes({ workflowId, runId }: Execution = {}): Attributes {
  return { 'temporal.workflow_id': workflowId ?? undefined, 'temporal.run_id': runId ?? undefined };
}

function startAttributes({ workflowId, taskQueue }: StartOptions = {}, workflowType?: string): Attributes {
  return {
    'temporal.workflow_id': workflowId,
    'temporal.workflow_type': workflowType,
    'temporal.task_queue': taskQueue,
  };
}

/** Applications pass a workflow by its name or as its function. */
function workflowName(workflow: unknown): unknown {
  return typeof workflow === 'string' ? workflow : (workflow as { name?: unknown } | undefined)?.name;
}

/** Describes the operation of each client method from the arguments of the method. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of a foreign library; each table knows its own.
export type Operations = Readonly<Record<string, (...args: any[]) => Operation>>;

/** Applications pass an update by its name or as its definition. */
function updateName(update: unknown): unknown {
  return typeof update === 'string' ? update : (update as { name?: unknown } | undefined)?.name;
}

export const WORKFLOWS: Operations = {
  execute: (workflow, options) => ({
    name: 'ExecuteWorkflow',
    of: workflowName(workflow),
    attributes: startAttributes(options),
  }),
  result: (workflowId, runId) => ({
    name: 'GetWorkflowResult',
    attributes: executionAttributes({ workflowId, runId }),
  }),
  executeUpdateWithStart: (update, options) => ({
    name: 'ExecuteUpdateWithStartWorkflow',
    of: updateName(update),
    attributes: startAttributes(options?.startWorkflowOperation?.options),
  }),
  count: () => ({ name: 'CountWorkflows' }),
  _list: () => ({ name: 'ListWorkflows' }),
};

/** The method of a workflow's handle that starts an update and waits for its result. */
export function executeUpdate(execution: Execution, update: unknown): Operation {
  return {
    name: 'ExecuteWorkflowUpdate',
    of: updateName(update),
    attributes: executionAttributes(execution),
  };
}

/** The method of an update's handle that waits for its result. */
export function updateResult({ workflowId, workflowRunId }: UpdateHandle): Operation {
  const attributes = executionAttributes({ workflowId, runId: workflowRunId ?? null });
  return { name: 'GetWorkflowUpdateResult', attributes };
}

interface UpdateHandle {
  readonly workflowId: string;
  readonly workflowRunId?: string;
}

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

/** The operation whose headers carry the trace context. */
export const NEXUS_START: Operations = {
  startNexusOperation: ({ service, operation }) => ({
    name: 'StartNexusOperation',
    of: `${service}/${operation}`,
  }),
};

export const NEXUS: Operations = {
  getNexusOperationResult: () => ({ name: 'GetNexusOperationResult' }),
  describeNexusOperation: () => ({ name: 'DescribeNexusOperation' }),
  cancelNexusOperation: () => ({ name: 'CancelNexusOperation' }),
  terminateNexusOperation: () => ({ name: 'TerminateNexusOperation' }),
  countHandler: () => ({ name: 'CountNexusOperations' }),
  listHandler: () => ({ name: 'ListNexusOperations' }),
};

function patchName(patch: Record<string, unknown> = {}): string {
  if ('pause' in patch) return 'PauseSchedule';
  if ('unpause' in patch) return 'UnpauseSchedule';
  if ('triggerImmediately' in patch) return 'TriggerSchedule';
  return 'backfillRequest' in patch ? 'BackfillSchedule' : 'PatchSchedule';
}

/** The operations that support interceptors, by the name of the interceptor's method. */
const INTERCEPTED: Operations = {
  startWithDetails: ({ workflowType, options }) => ({
    name: 'StartWorkflow',
    of: workflowType,
    kind: 'producer',
    attributes: startAttributes(options, workflowType),
  }),
  signalWithStart: ({ workflowType, options }) => ({
    name: 'SignalWithStartWorkflow',
    of: workflowType,
    kind: 'producer',
    attributes: startAttributes(options, workflowType),
  }),
  signal: ({ signalName, workflowExecution }) => ({
    name: 'SignalWorkflow',
    of: signalName,
    kind: 'producer',
    attributes: executionAttributes(workflowExecution),
  }),
  query: ({ queryType, workflowExecution }) => ({
    name: 'QueryWorkflow',
    of: queryType,
    attributes: executionAttributes(workflowExecution),
  }),
  startUpdate: ({ updateName, workflowExecution }) => ({
    name: 'StartWorkflowUpdate',
    of: updateName,
    attributes: executionAttributes(workflowExecution),
  }),
  startUpdateWithStart: ({ updateName, workflowType, workflowStartOptions }) => ({
    name: 'UpdateWithStartWorkflow',
    of: updateName,
    attributes: startAttributes(workflowStartOptions, workflowType),
  }),
  terminate: ({ workflowExecution }) => ({
    name: 'TerminateWorkflow',
    attributes: executionAttributes(workflowExecution),
  }),
  cancel: ({ workflowExecution }) => ({
    name: 'CancelWorkflow',
    attributes: executionAttributes(workflowExecution),
  }),
  describe: ({ workflowExecution }) => ({
    name: 'DescribeWorkflow',
    attributes: executionAttributes(workflowExecution),
  }),
};

/** Also has `start`: the name of `startWithDetails` before 1.14, which older interceptors still use. */
export const INTERCEPTOR_OPERATIONS: Operations = {
  ...INTERCEPTED,
  start: INTERCEPTED['startWithDetails'] as Operations[string],
};
