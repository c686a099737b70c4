/**
 * The shapes of apps/temporal/shapes and what is told of each, apart from its runs: their statuses are those that the
 * service has.
 */
export interface Shape {
  readonly name: string;
  readonly told: readonly string[];
  /** Absent: the fake can run it too. */
  readonly onlyReal?: true;
}

const activity = (name: string, status = 'completed', error = ''): string[] => [
  `RunActivity:${name} ${status}${error && ` ${error}`}`,
  `StartActivity:${name} ${status}${error && ' ActivityFailure'}`,
];
const FAST = activity('fast');
/** An activity that lasts longer than its workflow. Whether a worker starts it is left to chance. */
const SLOW_LEFT = ['StartActivity:slow unfinished'];
const SIGNAL = 'SignalWorkflow:go completed';
const HANDLED = 'HandleSignal:go completed';
const EXECUTED = 'ExecuteWorkflowUpdate:add completed';
const NOT_EXECUTED = 'ExecuteWorkflowUpdate:add failed WorkflowUpdateFailedError';
/** An operation of Nexus, and its handler. */
const nexus = (name: string, status = 'completed'): string[] => [
  `StartNexusOperation:greetings/${name} ${status}`,
  `RunStartNexusOperation:greetings/${name} completed`,
];
const times = (count: number, told: readonly string[]): string[] => Array(count).fill(told).flat();

const TABLE: Record<string, readonly string[]> = {
  Completes: FAST,
  Fails: [],
  Benign: [],
  ActivityFails: activity('broken', 'failed', 'Broken'),
  ActivityCaught: activity('broken', 'failed', 'Broken'),
  ActivityRetried: ['RunActivity:flaky failed Error', ...activity('flaky')],
  ActivityTimesOut: ['RunActivity:long completed', 'StartActivity:long failed ActivityFailure'],
  HeartbeatLost: ['RunActivity:silent completed', ...activity('silent')],
  LocalActivity: FAST,
  LocalActivityFails: ['RunActivity:broken failed Broken', 'StartActivity:broken failed Broken'],
  LocalActivityUnknown: ['StartActivity:absent failed _OTHER'],
  LocalActivityBacksOff: [
    'RunActivity:flaky failed Error',
    'StartActivity:flaky backoff',
    ...activity('flaky'),
  ],
  Parallel: times(10, FAST),
  CompletedFromOutside: ['RunActivity:mute completes_async', 'StartActivity:mute completed'],
  Race: SLOW_LEFT,
  FireAndForget: SLOW_LEFT,
  ForgottenAtOnce: SLOW_LEFT,
  ChildCompletes: ['StartChildWorkflow:Quick completed', ...FAST],
  ChildFails: ['StartChildWorkflow:Failing failed ChildWorkflowFailure'],
  ChildFailsLate: ['StartChildWorkflow:Late failed ChildWorkflowFailure'],
  ChildAbandoned: ['StartChildWorkflow:Dawdling unfinished', ...FAST],
  ChildTerminated: ['StartChildWorkflow:Endless unfinished'],
  ChildRequestCancel: ['StartChildWorkflow:Endless unfinished'],
  ChildTaken: [
    'StartChildWorkflow:Patient failed WorkflowExecutionAlreadyStartedError',
    'StartChildWorkflow:Patient completed',
    SIGNAL,
    HANDLED,
  ],
  ChildCanceled: ['StartChildWorkflow:Endless canceled'],
  ChildCanceledAtOnce: ['StartChildWorkflow:Endless canceled'],
  CanceledInSleep: [],
  CanceledInActivity: activity('beating', 'canceled'),
  CanceledInChild: ['StartChildWorkflow:Endless canceled'],
  CancellationCaught: [],
  CancellationOutlived: FAST,
  OwnTimeout: [],
  OwnScopeCancelsActivity: activity('beating', 'canceled'),
  TryCancel: ['StartActivity:slow canceled'],
  RefusedAtOnce: [
    'SignalWorkflow:go canceled',
    ...times(2, ['StartActivity:fast canceled']),
    'StartChildWorkflow:Quick canceled',
  ],
  RefusedArguments: ['StartActivity:fast failed _OTHER'],
  Bug: [...FAST, 'StartActivity:fast unfinished'],
  Signaled: [SIGNAL, HANDLED, ...FAST],
  SignaledBeforeStart: [HANDLED, ...FAST],
  HandlerLeftOpen: [SIGNAL, 'HandleSignal:go unfinished', 'StartActivity:slow unfinished'],
  HandlerFails: [SIGNAL, 'HandleSignal:go failed Refused'],
  HandlerCanceled: [SIGNAL, 'HandleSignal:go canceled'],
  UnknownSignals: [
    ...['a', 'b', 'c'].map((name) => `SignalWorkflow:${name} completed`),
    ...times(3, ['HandleSignal:_OTHER completed']),
  ],
  SignalsAnother: ['StartChildWorkflow:Patient completed', SIGNAL, HANDLED],
  SignalsNobody: ['SignalWorkflow:go failed ExternalWorkflowExecutionNotFound'],
  SignaledAtTheEnd: ['RunActivity:signalOnce completed', ...activity('signalOnce'), SIGNAL, HANDLED],
  Updated: [EXECUTED, 'HandleUpdate:add completed', ...FAST],
  UpdateRefused: [
    NOT_EXECUTED,
    'HandleUpdate:add rejected TooLittle',
    EXECUTED,
    'HandleUpdate:add completed',
    ...FAST,
  ],
  UpdateFails: [
    NOT_EXECUTED,
    'HandleUpdate:add failed BadLuck',
    EXECUTED,
    'HandleUpdate:add completed',
    ...FAST,
  ],
  UpdateUnknown: [
    'ExecuteWorkflowUpdate:absent failed WorkflowUpdateFailedError',
    'HandleUpdate:_OTHER rejected Error',
    EXECUTED,
    'HandleUpdate:add completed',
    ...FAST,
  ],
  UpdateLeftOpen: [NOT_EXECUTED, 'HandleUpdate:add unfinished'],
  UpdatedWithStart: ['ExecuteUpdateWithStartWorkflow:add completed', 'HandleUpdate:add completed', ...FAST],
  Queried: [
    ...times(6, ['HandleQuery:told completed']),
    'HandleQuery:_OTHER failed ReferenceError',
    SIGNAL,
    HANDLED,
  ],
  Continues: [...times(3, FAST), ...times(2, ['ContinueAsNew:Continues completed'])],
  ContinuesWithOpenActivity: [...SLOW_LEFT, 'ContinueAsNew:ContinuesWithOpenActivity completed'],
  Retried: times(2, FAST),
  Terminated: FAST,
  TerminatedIdle: [],
  TerminatedInActivity: ['RunActivity:beating canceled', 'StartActivity:beating unfinished'],
  TerminatedChild: ['StartChildWorkflow:Endless failed ChildWorkflowFailure'],
  Replaced: [...FAST, ...FAST, SIGNAL, HANDLED],
  TimesOut: [],
  ExecutionTimesOut: [...FAST, ...SLOW_LEFT],
  Scheduled: FAST,
  Versioned: times(2, FAST),
  // The second run takes over the result of the first activity.
  Reset: [...times(3, FAST), 'StartActivity:fast completed'],
  ConditionTimesOut: [],
  DefaultWorkflow: [],
  NexusSync: nexus('hello'),
  NexusAsync: [...nexus('run'), 'RunWorkflow:Quick completed', ...FAST],
  NexusFails: [
    'StartNexusOperation:greetings/refuse failed NexusOperationFailure',
    'RunStartNexusOperation:greetings/refuse failed OperationError',
  ],
  NexusPending: nexus('forever', 'unfinished'),
};

const STATUSES: Readonly<Record<string, string>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'canceled',
  CONTINUED_AS_NEW: 'continued_as_new',
  TERMINATED: 'terminated TerminatedFailure',
  TIMED_OUT: 'timed_out TimeoutFailure',
};

/** Why runs of a type fail. */
const ERRORS: Readonly<Record<string, string>> = {
  Fails: 'Refused',
  Failing: 'Refused',
  Late: 'Refused',
  HandlerFails: 'Refused',
  ActivityFails: 'ActivityFailure',
  ActivityTimesOut: 'ActivityFailure',
  OwnScopeCancelsActivity: 'ActivityFailure',
  OwnTimeout: 'CancelledFailure',
  LocalActivityFails: 'Broken',
  ChildFails: 'ChildWorkflowFailure',
  TerminatedChild: 'ChildWorkflowFailure',
  NexusFails: 'NexusOperationFailure',
  Retried: 'Again',
  Saga: 'ActivityFailure',
};

/** What is told of a run that has this status in the service. */
export function runText({ type, status }: { type: string; status: string }): string | undefined {
  if (type === 'Benign') return 'RunWorkflow:Benign benign';
  const told = STATUSES[status];
  if (told === undefined) return undefined;
  const name = type === 'chosen by a caller' ? '_OTHER' : type;
  return `RunWorkflow:${name} ${told}${told === 'failed' ? ` ${ERRORS[type]}` : ''}`;
}

/** Those that need what the fake does not have. */
const ONLY_REAL = new Set([
  'ActivityTimesOut',
  'Bug',
  'CanceledInChild',
  'ChildCanceled',
  'ChildRequestCancel',
  'ChildTaken',
  'HeartbeatLost',
  'NexusAsync',
  'NexusFails',
  'NexusPending',
  'NexusSync',
  'Reset',
  'Retried',
  'Scheduled',
  'SignalsAnother',
  'SignalsNobody',
  'TimesOut',
  'ExecutionTimesOut',
  'TerminatedInActivity',
  'TerminatedChild',
  'Replaced',
  'Versioned',
]);

export const SHAPES: readonly Shape[] = Object.entries(TABLE).map(([name, told]) => ({
  name,
  told,
  ...(ONLY_REAL.has(name) && { onlyReal: true }),
}));
