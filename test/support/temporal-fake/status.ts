/** Errors of the service, as the clients expect them. */
import type * as Grpc from '@grpc/grpc-js';
import { google, temporal } from '@temporalio/proto';
import { loadGrpc } from '../grpc.js';

type Code = keyof typeof Grpc.status;

/** Details of an error, by their type in `temporal.api.errordetails.v1`. */
interface Detail {
  type: 'WorkflowExecutionAlreadyStartedFailure';
  value: { runId: string };
}

export class StatusError extends Error {
  readonly code: Code;
  readonly detail: Detail | undefined;

  constructor(code: Code, message: string, detail?: Detail) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

export function notFound(what: string): StatusError {
  return new StatusError('NOT_FOUND', `${what} not found`);
}

export function alreadyStarted(runId: string): StatusError {
  const type = 'WorkflowExecutionAlreadyStartedFailure';
  return new StatusError('ALREADY_EXISTS', 'Workflow execution is already running', {
    type,
    value: { runId },
  });
}

/** Any other thrown value is a fault of the fake, and is reported with its stack. */
export function toServerError(error: unknown): Partial<Grpc.ServiceError> {
  const { Metadata, status } = loadGrpc();
  if (!(error instanceof StatusError))
    return { code: status.INTERNAL, details: (error as Error).stack ?? '' };
  const metadata = new Metadata();
  const code = status[error.code];
  if (error.detail !== undefined)
    metadata.set('grpc-status-details-bin', detailsOf(code, error.message, error.detail));
  return { code, details: error.message, metadata };
}

function detailsOf(code: number, message: string, { type, value }: Detail): Buffer {
  const { [type]: Type } = temporal.api.errordetails.v1;
  const detail = {
    type_url: `type.googleapis.com/temporal.api.errordetails.v1.${type}`,
    value: Type.encode(value).finish(),
  };
  return Buffer.from(google.rpc.Status.encode({ code, message, details: [detail] }).finish());
}
