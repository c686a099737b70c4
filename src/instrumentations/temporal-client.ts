import { patch } from '../hooks/patch.js';
import type { Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { observeConnections } from './temporal/connections.js';
import { type Headers, TraceCarrier } from './temporal/header.js';
import { isOfficial } from './temporal/official.js';
import { execution, nameOf, type Operation, routeOf, started } from './temporal/operations.js';
import { observeGrpcRequests } from './temporal/requests.js';
import { track, trackIterator } from './temporal/track.js';
import { Visibility } from './temporal/visibility.js';

/**
 * Clients of `@temporalio/client`: each operation of the application is a call, and so is each request that it makes
 * to the service. Operations that have an interceptor are seen by one, so that the trace can travel in their headers;
 * the others by the methods that make them.
 */
export const temporalClient: Instrumentation = {
  name: 'temporal-client',
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

/** What the methods of a client are as operations, by the arguments that they are given. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of a foreign library, each table knows its own.
type Operations = Readonly<Record<string, (...args: any[]) => Operation>>;

const WORKFLOWS: Operations = {
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

const SCHEDULES: Operations = {
  _createSchedule: () => ({ name: 'CreateSchedule' }),
  _describeSchedule: () => ({ name: 'DescribeSchedule' }),
  _updateSchedule: () => ({ name: 'UpdateSchedule' }),
  _patchSchedule: (_, patch) => ({ name: patchName(patch) }),
  _deleteSchedule: () => ({ name: 'DeleteSchedule' }),
  list: () => ({ name: 'ListSchedules' }),
};

const COMPLETIONS: Operations = {
  complete: () => ({ name: 'CompleteActivity' }),
  fail: () => ({ name: 'FailActivity' }),
  reportCancellation: () => ({ name: 'CancelActivity' }),
  heartbeat: () => ({ name: 'HeartbeatActivity' }),
};

const ACTIVITIES: Operations = {
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

// The name of `startWithDetails` before 1.14, and what older interceptors still have.
const BY_METHOD: Operations = {
  ...INTERCEPTED,
  start: INTERCEPTED['startWithDetails'] as Operations[string],
};

interface Client {
  readonly options: { readonly namespace?: string };
  count(query?: string): Promise<{ readonly count: number }>;
}

/** The input of an interceptor. Those that have no headers leave them unread. */
interface Input {
  readonly headers?: Headers;
  readonly workflowStartHeaders?: Headers;
  readonly updateHeaders?: Headers;
}

type Next = (input: Input) => Promise<unknown>;
type Interceptor = Record<string, (input: Input, next: Next) => Promise<unknown>>;

type GetInterceptors = (this: Client, ...args: unknown[]) => object[];

function intercept(
  prototype: object,
  observer: OperationObserver,
  visibility: Visibility,
  guard: Guard,
): void {
  const ours = new WeakMap<object, Interceptor>();
  const withOurs = guard((client: Client, theirs: object[]) => {
    visibility.addClient(client);
    const traced = !theirs.some(isOfficial);
    const own = (traced && ours.get(client)) || observer.interceptor(client, traced);
    if (traced) ours.set(client, own);
    return [own, ...theirs];
  });
  patch<GetInterceptors>(
    prototype,
    'getOrMakeInterceptors',
    (getOrMakeInterceptors) =>
      function (...args) {
        const theirs = getOrMakeInterceptors.apply(this, args);
        return withOurs(this, theirs) ?? theirs;
      },
  );
}

type Method = (this: Client, ...args: unknown[]) => unknown;

class OperationObserver {
  readonly #calls: Calls;
  readonly #guard: Guard;
  readonly #open: (
    client: Client,
    describe: () => Operation,
    trace?: TraceCarrier,
    traced?: boolean,
  ) => Call | undefined;

  constructor(calls: Calls, guard: Guard, visibility: Visibility) {
    this.#calls = calls;
    this.#guard = guard;
    this.#open = guard((client, describe, trace, traced = true) => {
      const operation = describe();
      const route = routeOf(operation);
      const { 'temporal.workflow_type': workflowType, 'temporal.task_queue': taskQueue } =
        operation.attributes ?? {};
      if (typeof workflowType === 'string') visibility.addType(workflowType, String(taskQueue));
      return this.#calls.open({
        kind: operation.kind ?? 'client',
        system: 'temporal-client',
        operation: route,
        route,
        traced,
        ...(trace && { outgoing: trace }),
        attributes: { 'temporal.namespace': client.options.namespace, ...operation.attributes },
      });
    });
  }

  /** Puts itself around methods that give a promise or an async iterator. */
  methods(prototype: object, operations: Operations): void {
    for (const [name, describe] of Object.entries(operations))
      if (name in prototype) patch<Method>(prototype, name, (method) => this.#around(method, describe));
  }

  #around(method: Method, describe: (...args: unknown[]) => Operation): Method {
    const [open, guard] = [this.#open, this.#guard];
    if (method.constructor.name === 'AsyncGeneratorFunction')
      return function (this: Client, ...args: unknown[]) {
        const iterator = method.apply(this, args) as AsyncIterableIterator<unknown>;
        return trackIterator(iterator, () => open(this, () => describe(...args)), guard);
      };
    return function (this: Client, ...args: unknown[]) {
      const call = open(this, () => describe(...args));
      return track(call, guard, method as (...args: unknown[]) => Promise<unknown>, this, ...args);
    };
  }

  /** The interceptor of a client. Where it is not to trace, it only counts. */
  interceptor(client: Client, traced: boolean): Interceptor {
    const addTrace = this.#guard(withTrace);
    const methods = Object.entries(BY_METHOD).map(([name, describe]) => [
      name,
      (input: Input, next: Next) => {
        const trace = new TraceCarrier();
        const call = this.#open(client, () => describe(input), trace, traced);
        return track(call, this.#guard, next, undefined, (traced && addTrace(input, trace)) || input);
      },
    ]);
    return Object.fromEntries(methods);
  }
}

function withTrace(input: Input, trace: TraceCarrier): Input {
  const { headers, workflowStartHeaders, updateHeaders } = input;
  return {
    ...input,
    ...(headers && { headers: trace.addTo(headers) }),
    ...(workflowStartHeaders && { workflowStartHeaders: trace.addTo(workflowStartHeaders) }),
    ...(updateHeaders && { updateHeaders: trace.addTo(updateHeaders) }),
  };
}
