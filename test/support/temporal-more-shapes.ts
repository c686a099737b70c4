/** The shapes of apps/temporal/shapes/more and what is told of each, apart from its runs. They need the real service. */
import type { Shape } from './temporal-shapes.js';

const activity = (name: string, status = 'completed', error = ''): string[] => [
  `RunActivity:${name} ${status}${error && ` ${error}`}`,
  `StartActivity:${name} ${status}${error && ' ActivityFailure'}`,
];
const times = (count: number, told: readonly string[]): string[] => Array(count).fill(told).flat();
const FAST = activity('fast');
const SIGNAL = 'SignalWorkflow:go completed';
const HANDLED = 'HandleSignal:go completed';
const STARTED = 'StartWorkflowUpdate:add completed';
const RESULT = 'GetWorkflowUpdateResult completed';
const NO_RESULT = 'GetWorkflowUpdateResult failed WorkflowUpdateFailedError';
const UPDATED = ['HandleUpdate:add completed', ...FAST];
/** An update that is executed: its start and the wait for its result are children. */
const EXECUTED = ['ExecuteWorkflowUpdate:add completed', STARTED, RESULT, ...UPDATED];
const nexus = (name: string, status: string, handled: string): string[] => [
  `StartNexusOperation:greetings/${name} ${status}`,
  `RunStartNexusOperation:greetings/${name} ${handled}`,
];

const TABLE: Record<string, readonly string[]> = {
  NestedScopes: [...FAST, ...activity('beating', 'canceled')],
  RaceOfConditions: [SIGNAL, HANDLED, ...activity('beating', 'canceled')],
  ScopeCancelsChild: ['StartChildWorkflow:Endless canceled'],
  Saga: [...times(2, FAST), ...activity('broken', 'failed', 'Broken')],
  SagaCanceled: times(2, FAST),
  CancelsAnother: ['StartChildWorkflow:Endless canceled'],
  CancelsNobody: [],
  LocalBackoff: [
    'RunActivity:flaky failed Error',
    'RunActivity:flaky failed Error',
    'RunActivity:flaky completed',
    'StartActivity:flaky backoff',
    'StartActivity:flaky completed',
  ],
  RetryDelayed: ['RunActivity:delayed failed Soon', ...activity('delayed')],
  CompletedByToken: [
    'RunActivity:completedByToken completes_async',
    'StartActivity:completedByToken completed',
  ],
  FailedByToken: [
    'RunActivity:failedByToken completes_async',
    'StartActivity:failedByToken failed ActivityFailure',
  ],
  DefaultActivity: ['RunActivity:_OTHER completed', 'StartActivity:unregistered completed'],
  Patched: times(2, FAST),
  HandlerSleeps: [SIGNAL, HANDLED],
  Dynamic: [
    'QueryWorkflow:chosen by a caller completed',
    'HandleQuery:_OTHER completed',
    'ExecuteWorkflowUpdate:chosen by a caller completed',
    'StartWorkflowUpdate:chosen by a caller completed',
    RESULT,
    'HandleUpdate:_OTHER completed',
    'SignalWorkflow:chosen by a caller completed',
    'SignalWorkflow:stop completed',
    ...times(2, ['HandleSignal:_OTHER completed']),
    ...FAST,
  ],
  ContinuesWithOpenHandler: [
    SIGNAL,
    'HandleSignal:go unfinished',
    'ContinueAsNew:ContinuesWithOpenHandler completed',
  ],
  Upserts: FAST,
  Overlaps: times(2, [SIGNAL, HANDLED]),
  StartedEagerly: FAST,
  ReplacedHandler: [SIGNAL, HANDLED, ...FAST],
  HandlerBug: [SIGNAL, HANDLED, ...FAST],
  NotDeterministic: times(2, FAST),
  UpdateStarted: [STARTED, RESULT, ...UPDATED],
  UpdateStartedFails: [STARTED, NO_RESULT, 'HandleUpdate:add failed BadLuck', ...FAST, ...EXECUTED],
  UpdateStartedRefused: [STARTED, NO_RESULT, 'HandleUpdate:add rejected TooLittle', ...EXECUTED],
  UpdateWithStart: ['UpdateWithStartWorkflow:add completed', RESULT, ...UPDATED],
  UpdateWithStartRefused: [
    'ExecuteUpdateWithStartWorkflow:add failed WorkflowUpdateFailedError',
    'UpdateWithStartWorkflow:add completed',
    NO_RESULT,
    'HandleUpdate:add rejected TooLittle',
    ...EXECUTED,
  ],
  UpdateByHandle: [STARTED, RESULT, ...UPDATED],
  NexusCanceled: [
    ...nexus('endless', 'canceled', 'completed'),
    'RunCancelNexusOperation:greetings/endless completed',
    'RunWorkflow:Endless canceled',
  ],
  NexusRunFails: [
    ...nexus('failing', 'failed NexusOperationFailure', 'completed'),
    'RunWorkflow:Failing failed Refused',
  ],
  NexusForbidden: nexus('forbidden', 'failed NexusOperationFailure', 'failed UNAUTHORIZED'),
  // No handler runs.
  NexusUnknown: ['StartNexusOperation:greetings/absent failed NexusOperationFailure'],
  NexusSignals: [...nexus('signal', 'completed', 'completed'), SIGNAL, HANDLED],
};

export const MORE_SHAPES: readonly Shape[] = Object.entries(TABLE).map(([name, told]) => ({ name, told }));
