import { temporal } from '@temporalio/proto';
import type { Request, Response } from './api.js';
import { StatusError } from './status.js';

const { QUERY_RESULT_TYPE_ANSWERED } = temporal.api.enums.v1.QueryResultType;

/** A query to a workflow. Its answer rejects when the client stops waiting. */
export class Query {
  readonly #answer = Promise.withResolvers<Response<'queryWorkflow'>>();

  constructor(
    readonly question: Request<'queryWorkflow'>['query'],
    signal: AbortSignal,
  ) {
    const leave = (): void => this.#answer.reject(new StatusError('CANCELLED', 'nobody waits'));
    signal.addEventListener('abort', leave);
  }

  get answer(): Promise<Response<'queryWorkflow'>> {
    return this.#answer.promise;
  }

  respond({ completedType, queryResult, errorMessage }: Request<'respondQueryTaskCompleted'>): void {
    if (completedType === QUERY_RESULT_TYPE_ANSWERED) this.#answer.resolve({ queryResult });
    else this.#answer.reject(new StatusError('INVALID_ARGUMENT', errorMessage));
  }
}
