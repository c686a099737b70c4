/** The types of Temporal's API from the side of the service: the messages that it reads and may write. */
import type { temporal } from '@temporalio/proto';

type Service = temporal.api.workflowservice.v1.WorkflowService;
type Messages = typeof temporal.api.workflowservice.v1;

/** The names of the methods of the WorkflowService: `startWorkflowExecution` and so on. */
export type Method = {
  [M in keyof Service]: Service[M] extends { requestType: keyof Messages } ? M : never;
}[keyof Service];

/** The type of a message by its short name. */
type Message<Name> = Name extends keyof Messages
  ? Messages[Name] extends { prototype: infer T }
    ? Omit<T, 'toJSON'>
    : never
  : never;

export type Request<M extends Method> = Service[M] extends { requestType: infer Name }
  ? Message<Name>
  : never;

export type Response<M extends Method> = Service[M] extends { responseType: infer Name }
  ? Written<Message<Name>>
  : never;

/** The implementation of each method. `signal` aborts when the client stops waiting. */
export type Handlers = {
  [M in Method]?: (request: Request<M>, signal: AbortSignal) => Response<M> | Promise<Response<M>>;
};

interface Int64 {
  toNumber(): number;
}

/** A message to write: every field is optional, and a 64-bit integer may be a number. */
export type Written<T> = T extends Int64
  ? number | T
  : T extends Uint8Array | string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? Written<Item>[]
      : { [K in keyof T]?: Written<T[K]> | null | undefined };

export type Event = Written<temporal.api.history.v1.IHistoryEvent>;

export type WorkflowTask = Response<'pollWorkflowTaskQueue'>;

export type ActivityTask = Response<'pollActivityTaskQueue'>;

export type Failure = temporal.api.failure.v1.IFailure;

export type Payloads = temporal.api.common.v1.IPayloads;
