import { temporal } from '@temporalio/proto';
import type { Request, WorkflowTask } from './api.js';
import { applyCommands, closes } from './commands.js';
import type { Execution } from './execution.js';
import type { EventAttributes } from './history.js';
import type { Query } from './query.js';
import { notFound, StatusError } from './status.js';

const { WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND } = temporal.api.enums.v1.WorkflowTaskFailedCause;

interface Task {
  scheduledEventId: number;
  attempt: number;
  /** Set while a worker has the task. */
  started?: { eventId: number; token: Uint8Array };
}

/**
 * The tasks that workers receive for one execution: its workflow tasks, and queries between them. Only one is out at a
 * time, because a query must see the workflow between two tasks.
 */
export class WorkflowTasks {
  readonly #execution: Execution;
  readonly #queries = new Set<Query>();
  readonly #buffered: (() => void)[] = [];
  #task: Task | undefined;
  #activeQuery: Query | undefined;
  #previousStartedEventId = 0;
  /** The task queue of the worker that has the workflow in its cache. */
  #stickyQueue: string | undefined;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  /** Writes events that the workflow must learn of. While a task is running, they are buffered until its end. */
  happen(write: () => void): void {
    if (!this.#execution.isOpen) return;
    if (this.#task?.started !== undefined) {
      this.#buffered.push(write);
      return;
    }
    write();
    this.schedule();
  }

  /** Does nothing if there is already a task, because it will report everything that has happened. */
  schedule(attempt = 1): void {
    if (this.#task !== undefined) return;
    const { history, origin } = this.#execution;
    const { taskQueue } = origin.started;
    const scheduledEventId = history.append('workflowTaskScheduled', { taskQueue, attempt });
    this.#task = { scheduledEventId, attempt };
    this.#offer();
  }

  ask(query: Query): void {
    this.#queries.add(query);
    this.#offer();
    const forget = (): void => {
      this.#queries.delete(query);
      if (this.#activeQuery !== query) return;
      this.#activeQuery = undefined;
      this.#offer();
    };
    query.answer.then(forget, forget);
  }

  complete(request: Request<'respondWorkflowTaskCompleted'>): void {
    if (this.#buffered.length > 0 && request.commands.some(closes)) {
      this.fail({ cause: WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND });
      throw new StatusError('INVALID_ARGUMENT', 'UnhandledCommand');
    }
    const { scheduledEventId, started } = this.#startedTask();
    const { identity, sdkMetadata, meteringMetadata, forceCreateNewWorkflowTask } = request;
    const completedEventId = this.#execution.history.append('workflowTaskCompleted', {
      scheduledEventId,
      startedEventId: started.eventId,
      identity,
      sdkMetadata,
      meteringMetadata,
    });
    this.#previousStartedEventId = started.eventId;
    this.#stickyQueue = request.stickyAttributes?.workerTaskQueue?.name ?? undefined;
    applyCommands(this.#execution, request, completedEventId);
    if (!this.#execution.isOpen) return;
    const more = this.#end() || forceCreateNewWorkflowTask || this.#execution.updates.areWaiting;
    if (more) this.schedule();
    else this.#offer();
  }

  /** The worker has dropped the workflow from its cache. The next attempt starts with the whole history. */
  fail(failed: EventAttributes<'workflowTaskFailed'>): void {
    const { scheduledEventId, attempt, started } = this.#startedTask();
    const startedEventId = started.eventId;
    this.#execution.history.append('workflowTaskFailed', { ...failed, scheduledEventId, startedEventId });
    this.#stickyQueue = undefined;
    this.#end();
    this.schedule(attempt + 1);
  }

  /** A worker has shut down. The next worker that polls continues. */
  leave(stickyQueue: string): void {
    if (this.#stickyQueue !== stickyQueue) return;
    this.#stickyQueue = undefined;
    this.#offer();
  }

  /** The execution has closed. It can still be queried. */
  abandon(): void {
    if (this.#task?.started !== undefined)
      this.#execution.namespace.workflowTokens.withdraw(this.#task.started.token);
    this.#task = undefined;
    this.#stickyQueue = undefined;
    this.#buffered.length = 0;
    this.#offer();
  }

  #startedTask(): Required<Task> {
    const { started, ...task } = this.#task ?? {};
    if (started === undefined) throw notFound('workflow task');
    return { ...task, started } as Required<Task>;
  }

  /** Ends the task. Returns whether something has happened since it was started. */
  #end(): boolean {
    this.#execution.namespace.workflowTokens.withdraw(this.#startedTask().started.token);
    this.#task = undefined;
    const buffered = this.#buffered.splice(0);
    for (const write of buffered) write();
    return buffered.length > 0;
  }

  #offer(): void {
    if (this.#task === undefined && this.#queries.size === 0) return;
    const { namespace, origin } = this.#execution;
    const queue = this.#stickyQueue ?? origin.started.taskQueue?.name ?? '';
    namespace.workflowTasks.of(queue).offer((identity) => this.#take(identity));
  }

  #take(identity: string): WorkflowTask | undefined {
    if (this.#activeQuery !== undefined || this.#task?.started !== undefined) return undefined;
    if (this.#task !== undefined) return this.#start(this.#task, identity);
    const [query] = this.#queries;
    return query && this.#give(query);
  }

  #start(task: Task, identity: string): WorkflowTask {
    const { namespace, history, updates } = this.#execution;
    const { scheduledEventId, attempt } = task;
    const eventId = history.append('workflowTaskStarted', { scheduledEventId, identity });
    const token = namespace.workflowTokens.issue(this.#execution);
    task.started = { eventId, token };
    return {
      ...this.#context(),
      taskToken: token,
      startedEventId: eventId,
      attempt,
      scheduledTime: history.events[scheduledEventId - 1]?.eventTime,
      startedTime: history.events[eventId - 1]?.eventTime,
      history: { events: history.after(this.#stickyQueue === undefined ? 0 : this.#previousStartedEventId) },
      messages: updates.requests(eventId - 1),
    };
  }

  #give(query: Query): WorkflowTask {
    const { namespace, history } = this.#execution;
    this.#activeQuery = query;
    return {
      ...this.#context(),
      taskToken: namespace.queryTokens.issue(query),
      query: query.question,
      history: { events: this.#stickyQueue === undefined ? history.events : [] },
    };
  }

  #context(): WorkflowTask {
    const { name, origin } = this.#execution;
    return {
      workflowExecution: name,
      workflowType: origin.started.workflowType,
      workflowExecutionTaskQueue: origin.started.taskQueue,
      previousStartedEventId: this.#previousStartedEventId,
    };
  }
}
