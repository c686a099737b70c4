import { randomUUID } from 'node:crypto';
import { temporal } from '@temporalio/proto';
import type { Activity } from './activity.js';
import { type EventAttributes, History } from './history.js';
import type { Namespace } from './namespace.js';
import { now } from './time.js';
import { Updates } from './updates.js';
import { WorkflowTasks } from './workflow-tasks.js';

export const Status = temporal.api.enums.v1.WorkflowExecutionStatus;

/** How an execution ends. Each name is the suffix of its last event. */
const OUTCOMES = {
  Completed: Status.WORKFLOW_EXECUTION_STATUS_COMPLETED,
  Failed: Status.WORKFLOW_EXECUTION_STATUS_FAILED,
  Canceled: Status.WORKFLOW_EXECUTION_STATUS_CANCELED,
  Terminated: Status.WORKFLOW_EXECUTION_STATUS_TERMINATED,
  ContinuedAsNew: Status.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
} as const;

type Outcome = keyof typeof OUTCOMES;

/** How the last run of a workflow ends. */
type FinalOutcome = Exclude<Outcome, 'ContinuedAsNew'>;

type ClosingAttributes<O extends Outcome> = EventAttributes<`workflowExecution${O}`>;

/** Where an execution comes from. */
export interface Origin {
  started: EventAttributes<'workflowExecutionStarted'>;
  /** Called when it ends. If it continues as new, the next run calls it instead. */
  onClose?: OnClose | undefined;
}

export type OnClose = <O extends FinalOutcome>(
  outcome: O,
  attributes: ClosingAttributes<O>,
  closed: Execution,
) => void;

/** One run of a workflow. */
export class Execution {
  readonly runId = randomUUID();
  readonly history = new History();
  readonly startTime = now();
  readonly tasks: WorkflowTasks;
  readonly updates = new Updates(this);
  /** Activities by the event that scheduled them, timers by their id. */
  readonly activities = new Map<number, Activity>();
  readonly timers = new Map<string, Timer>();
  /** The ids of the children that end with it. */
  readonly children: string[] = [];
  readonly #closed = Promise.withResolvers<void>();
  status = Status.WORKFLOW_EXECUTION_STATUS_RUNNING;
  closeTime: { seconds: number; nanos: number } | undefined;

  constructor(
    readonly namespace: Namespace,
    readonly workflowId: string,
    readonly origin: Origin,
  ) {
    this.tasks = new WorkflowTasks(this);
    this.history.append('workflowExecutionStarted', {
      ...origin.started,
      workflowId,
      firstExecutionRunId: this.firstRunId,
      originalExecutionRunId: this.runId,
      workflowTaskTimeout: origin.started.workflowTaskTimeout ?? { seconds: 10 },
      attempt: 1,
    });
    this.tasks.schedule();
  }

  get name(): { workflowId: string; runId: string } {
    return { workflowId: this.workflowId, runId: this.runId };
  }

  get firstRunId(): string {
    return this.origin.started.firstExecutionRunId ?? this.runId;
  }

  get isOpen(): boolean {
    return this.status === Status.WORKFLOW_EXECUTION_STATUS_RUNNING;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  signal(signal: EventAttributes<'workflowExecutionSignaled'>): void {
    this.tasks.happen(() => this.history.append('workflowExecutionSignaled', signal));
  }

  requestCancel(request: EventAttributes<'workflowExecutionCancelRequested'>): void {
    this.tasks.happen(() => this.history.append('workflowExecutionCancelRequested', request));
  }

  close<O extends Outcome>(outcome: O, attributes: ClosingAttributes<O>): void {
    this.history.append(`workflowExecution${outcome}`, attributes);
    this.status = OUTCOMES[outcome];
    this.closeTime = now();
    for (const { cancel } of this.timers.values()) cancel();
    for (const activity of this.activities.values()) activity.abandon();
    this.tasks.abandon();
    this.updates.abandon();
    for (const child of this.children)
      this.namespace
        .lookUpOpen({ workflowId: child })
        ?.close('Terminated', { reason: 'by parent close policy' });
    if (outcome !== 'ContinuedAsNew') this.origin.onClose?.(outcome, attributes, this);
    this.#closed.resolve();
  }
}

interface Timer {
  startedEventId: number;
  cancel(): void;
}
