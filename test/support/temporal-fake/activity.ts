import { temporal } from '@temporalio/proto';
import type { ActivityTask, Failure, Payloads } from './api.js';
import type { Execution } from './execution.js';
import type { EventAttributes } from './history.js';
import { millisOf, now } from './time.js';

const RetryState = temporal.api.enums.v1.RetryState;

type Scheduled = temporal.api.command.v1.IScheduleActivityTaskCommandAttributes;

const UNLIMITED = { scheduleToCloseTimeout: {}, startToCloseTimeout: {}, heartbeatTimeout: {} };

/** An activity of a workflow, with all its attempts. Its start is written to the history together with its end. */
export class Activity {
  readonly #execution: Execution;
  readonly #scheduledEventId: number;
  readonly #scheduled: Scheduled;
  readonly #scheduledTime = now();
  #attempt = 1;
  #attemptTime = now();
  /** Set while a worker runs the attempt. */
  #started: { token: Uint8Array; identity: string } | undefined;
  #lastFailure: Failure | undefined;
  #heartbeatDetails: Payloads | undefined;
  #cancelRetry = (): void => {};
  isCancelRequested = false;

  constructor(execution: Execution, scheduledEventId: number, scheduled: Scheduled) {
    this.#execution = execution;
    this.#scheduledEventId = scheduledEventId;
    this.#scheduled = scheduled;
  }

  get activityId(): string | null | undefined {
    return this.#scheduled.activityId;
  }

  get isStarted(): boolean {
    return this.#started !== undefined;
  }

  schedule(): void {
    const queue = this.#execution.namespace.activityTasks.of(this.#scheduled.taskQueue?.name ?? '');
    queue.offer((identity) => this.#start(identity));
  }

  heartbeat(details: Payloads | null | undefined): { cancelRequested: boolean } {
    this.#heartbeatDetails = details ?? undefined;
    return { cancelRequested: this.isCancelRequested };
  }

  complete(result: Payloads | null | undefined): void {
    this.#end('activityTaskCompleted', { result });
  }

  cancel(details?: Payloads | null): void {
    this.#end('activityTaskCanceled', { details });
  }

  fail(failure: Failure | null | undefined): void {
    const retryState = this.#retryStateAfter(failure ?? {});
    if (retryState !== RetryState.RETRY_STATE_IN_PROGRESS) {
      this.#end('activityTaskFailed', { failure, retryState });
      return;
    }
    this.#lastFailure = failure ?? {};
    this.#withdraw();
    this.#cancelRetry = this.#execution.namespace.timers.after(this.#backoff(), () => {
      this.#attempt += 1;
      this.#attemptTime = now();
      this.schedule();
    });
  }

  /** The worker learns of the request by its next heartbeat. */
  requestCancel(): void {
    this.isCancelRequested = true;
    if (this.#started === undefined) this.cancel();
  }

  abandon(): void {
    this.#cancelRetry();
    this.#withdraw();
    this.#execution.activities.delete(this.#scheduledEventId);
  }

  #end<Name extends 'activityTaskCompleted' | 'activityTaskFailed' | 'activityTaskCanceled'>(
    name: Name,
    attributes: EventAttributes<Name>,
  ): void {
    const { history, tasks } = this.#execution;
    const scheduledEventId = this.#scheduledEventId;
    const started = this.#started && {
      scheduledEventId,
      identity: this.#started.identity,
      attempt: this.#attempt,
      lastFailure: this.#lastFailure,
    };
    this.abandon();
    tasks.happen(() => {
      const startedEventId = started && history.append('activityTaskStarted', started);
      history.append(name, { ...attributes, scheduledEventId, startedEventId });
    });
  }

  #retryStateAfter({ applicationFailureInfo }: Failure): temporal.api.enums.v1.RetryState {
    const { maximumAttempts, nonRetryableErrorTypes } = this.#scheduled.retryPolicy ?? {};
    const { nonRetryable, type } = applicationFailureInfo ?? {};
    if (this.isCancelRequested) return RetryState.RETRY_STATE_CANCEL_REQUESTED;
    if (nonRetryable || (type && nonRetryableErrorTypes?.includes(type)))
      return RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE;
    if (maximumAttempts && this.#attempt >= maximumAttempts)
      return RetryState.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED;
    return RetryState.RETRY_STATE_IN_PROGRESS;
  }

  #backoff(): number {
    const { initialInterval, backoffCoefficient, maximumInterval } = this.#scheduled.retryPolicy ?? {};
    const first = initialInterval ? millisOf(initialInterval) : 1000;
    const limit = maximumInterval ? millisOf(maximumInterval) : first * 100;
    return Math.min(limit, first * (backoffCoefficient || 2) ** (this.#attempt - 1));
  }

  #start(identity: string): ActivityTask | undefined {
    const { namespace, activities, name, origin } = this.#execution;
    if (activities.get(this.#scheduledEventId) !== this) return undefined;
    const token = namespace.activityTokens.issue(this);
    this.#started = { token, identity };
    return {
      ...UNLIMITED,
      ...this.#scheduled,
      taskToken: token,
      workflowNamespace: 'default',
      workflowType: origin.started.workflowType,
      workflowExecution: name,
      heartbeatDetails: this.#heartbeatDetails,
      scheduledTime: this.#scheduledTime,
      currentAttemptScheduledTime: this.#attemptTime,
      startedTime: now(),
      attempt: this.#attempt,
    };
  }

  #withdraw(): void {
    if (this.#started !== undefined) this.#execution.namespace.activityTokens.withdraw(this.#started.token);
    this.#started = undefined;
  }
}
