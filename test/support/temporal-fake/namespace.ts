import type { Activity } from './activity.js';
import type { ActivityTask, WorkflowTask } from './api.js';
import { Execution, type Origin } from './execution.js';
import type { Query } from './query.js';
import { notFound, StatusError } from './status.js';
import { TaskQueues } from './task-queue.js';
import { Timers } from './timers.js';
import { Tokens } from './tokens.js';

interface Name {
  workflowId?: string | null;
  runId?: string | null;
}

/** The only namespace, which holds the whole state of the service. */
export class Namespace {
  readonly timers = new Timers();
  readonly workflowTasks = new TaskQueues<WorkflowTask>();
  readonly activityTasks = new TaskQueues<ActivityTask>();
  readonly workflowTokens = new Tokens<Execution>();
  readonly activityTokens = new Tokens<Activity>();
  readonly queryTokens = new Tokens<Query>();
  /** All runs by workflow id, the latest run last. */
  readonly #runs = new Map<string, Execution[]>();

  get executions(): Execution[] {
    return [...this.#runs.values()].flat();
  }

  start(workflowId: string, origin: Origin): Execution {
    const execution = new Execution(this, workflowId, origin);
    this.#runs.set(workflowId, [...(this.#runs.get(workflowId) ?? []), execution]);
    return execution;
  }

  /** The run with this id, or the latest run. */
  lookUp({ workflowId, runId }: Name): Execution | undefined {
    const runs = this.#runs.get(workflowId ?? '') ?? [];
    return runId ? runs.find((run) => run.runId === runId) : runs.at(-1);
  }

  lookUpOpen(name: Name): Execution | undefined {
    const execution = this.lookUp(name);
    return execution?.isOpen ? execution : undefined;
  }

  find(name: Name | null | undefined): Execution {
    const execution = this.lookUp(name ?? {});
    if (execution === undefined) throw notFound(`workflow ${name?.workflowId}`);
    return execution;
  }

  findOpen(name: Name | null | undefined): Execution {
    const execution = this.find(name);
    if (!execution.isOpen) throw new StatusError('NOT_FOUND', 'workflow execution already completed');
    return execution;
  }
}
