import { temporal } from '@temporalio/proto';
import type { Written } from './api.js';
import type { Execution } from './execution.js';
import { StatusError } from './status.js';

const { Request, Acceptance, Rejection, Response } = temporal.api.update.v1;
const Stage = temporal.api.enums.v1.UpdateWorkflowExecutionLifecycleStage;
const ADMITTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED;
const ACCEPTED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED;
const COMPLETED = Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;

type Request = temporal.api.update.v1.IRequest;
type Outcome = temporal.api.update.v1.IOutcome;
type Message = temporal.api.protocol.v1.IMessage;

const ABANDONED = {
  message: 'Workflow Update failed because the Workflow completed before the Update completed.',
  applicationFailureInfo: { type: 'AcceptedUpdateCompletedWorkflow', nonRetryable: true },
};

class Update {
  readonly #accepted = Promise.withResolvers<void>();
  readonly #completed = Promise.withResolvers<void>();
  stage = ADMITTED;
  outcome: Outcome | undefined;
  acceptedEventId = 0;

  constructor(readonly request: Request) {
    // Keeps a rejection from being unhandled when no client waits for it.
    this.#accepted.promise.catch(() => {});
    this.#completed.promise.catch(() => {});
  }

  /** Waits until the update has reached a stage, by default until it is accepted. */
  async reached(stage: number | null | undefined): Promise<void> {
    await ((stage ?? 0) >= COMPLETED ? this.#completed : this.#accepted).promise;
  }

  accept(acceptedEventId: number): void {
    this.acceptedEventId = acceptedEventId;
    this.stage = ACCEPTED;
    this.#accepted.resolve();
  }

  complete(outcome: Outcome): void {
    this.outcome = outcome;
    this.stage = COMPLETED;
    this.#accepted.resolve();
    this.#completed.resolve();
  }

  /** The workflow has closed. An accepted update fails; one that is not yet accepted was never there. */
  abandon(): void {
    if (this.stage === ACCEPTED) this.complete({ failure: ABANDONED });
    const error = new StatusError('NOT_FOUND', 'workflow execution already completed');
    this.#accepted.reject(error);
    this.#completed.reject(error);
  }
}

/** The updates of an execution. They travel as messages next to the events and commands of a workflow task. */
export class Updates {
  readonly #execution: Execution;
  readonly #all = new Map<string, Update>();

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  get areWaiting(): boolean {
    return [...this.#all.values()].some(({ stage }) => stage === ADMITTED);
  }

  /** An update that is requested again with the same id is the same update. */
  admit(request: Request): Update {
    const id = request.meta?.updateId ?? '';
    const update = this.#all.get(id) ?? new Update(request);
    this.#all.set(id, update);
    if (update.stage === ADMITTED) this.#execution.tasks.schedule();
    return update;
  }

  find(id: string): Update {
    const update = this.#all.get(id);
    if (update === undefined) throw new StatusError('NOT_FOUND', `update ${id} not found`);
    return update;
  }

  /** The requests for a task that has received all events up to this one. */
  requests(eventId: number): Written<Message>[] {
    return [...this.#all]
      .filter(([, { stage }]) => stage === ADMITTED)
      .map(([id, { request }]) => ({
        id: `${id}/request`,
        protocolInstanceId: id,
        eventId,
        body: {
          type_url: 'type.googleapis.com/temporal.api.update.v1.Request',
          value: Request.encode(request).finish(),
        },
      }));
  }

  receive({ protocolInstanceId, body }: Message): void {
    const id = protocolInstanceId ?? '';
    const update = this.find(id);
    const value = body?.value ?? new Uint8Array();
    switch (body?.type_url?.split('.').at(-1)) {
      case 'Acceptance': {
        const { history } = this.#execution;
        const acceptance = { ...Acceptance.decode(value), acceptedRequest: update.request };
        const accepted = { ...acceptance, protocolInstanceId: id };
        update.accept(history.append('workflowExecutionUpdateAccepted', accepted));
        break;
      }
      case 'Response': {
        const response = Response.decode(value);
        const { acceptedEventId } = update;
        this.#execution.history.append('workflowExecutionUpdateCompleted', { ...response, acceptedEventId });
        update.complete(response.outcome ?? {});
        break;
      }
      case 'Rejection':
        update.complete({ failure: Rejection.decode(value).failure ?? {} });
        break;
    }
  }

  abandon(): void {
    for (const update of this.#all.values()) update.abandon();
  }
}
