import type { Call, Calls, Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { TEMPORAL_CLIENT } from '../../../semconv/temporal.js';
import { type Headers, TraceCarrier } from '../header.js';
import { isOfficial } from '../official.js';
import { track, trackIterator } from '../track.js';
import type { Visibility } from '../visibility.js';
import { BY_METHOD, type Operation, type Operations, routeOf } from './operations.js';

interface Client {
  readonly options: { readonly namespace?: string };
  count(query?: string): Promise<{ readonly count: number }>;
}

/** The input of an interceptor. Those that have no headers leave them unread. */
interface Input {
  readonly headers?: Headers;
  readonly workflowStartHeaders?: Headers;
  readonly updateHeaders?: Headers;
}

type Next = (input: Input) => Promise<unknown>;
type Interceptor = Record<string, (input: Input, next: Next) => Promise<unknown>>;

type GetInterceptors = (this: Client, ...args: unknown[]) => object[];

/** Puts an interceptor of ours before those of the application. */
export function intercept(
  prototype: object,
  observer: OperationObserver,
  visibility: Visibility,
  guard: Guard,
): void {
  const ours = new WeakMap<object, Interceptor>();
  const withOurs = guard((client: Client, theirs: object[]) => {
    visibility.addClient(client);
    const traced = !theirs.some(isOfficial);
    const own = (traced && ours.get(client)) || observer.interceptor(client, traced);
    if (traced) ours.set(client, own);
    return [own, ...theirs];
  });
  patch<GetInterceptors>(
    prototype,
    'getOrMakeInterceptors',
    (getOrMakeInterceptors) =>
      function (...args) {
        const theirs = getOrMakeInterceptors.apply(this, args);
        return withOurs(this, theirs) ?? theirs;
      },
  );
}

type Method = (this: Client, ...args: unknown[]) => unknown;

/** Makes a call of each operation. */
export class OperationObserver {
  readonly #calls: Calls;
  readonly #guard: Guard;
  readonly #open: (
    client: Client,
    describe: () => Operation,
    trace?: TraceCarrier,
    traced?: boolean,
  ) => Call | undefined;

  constructor(calls: Calls, guard: Guard, visibility: Visibility) {
    this.#calls = calls;
    this.#guard = guard;
    this.#open = guard((client, describe, trace, traced = true) => {
      const operation = describe();
      const { 'temporal.task_queue': taskQueue, ...rest } = operation.attributes ?? {};
      const { 'temporal.workflow_type': workflowType } = rest;
      if (typeof workflowType === 'string') visibility.addType(workflowType, String(taskQueue));
      return this.#calls.open({
        kind: operation.kind ?? 'client',
        convention: TEMPORAL_CLIENT,
        route: routeOf(operation),
        traced,
        ...(trace && { injectInto: trace }),
        attributes: { 'temporal.namespace': client.options.namespace, 'temporal.task_queue': taskQueue },
        spanAttributes: () => rest,
      });
    });
  }

  /** Puts itself around methods that give a promise or an async iterator. */
  methods(prototype: object, operations: Operations): void {
    for (const [name, describe] of Object.entries(operations))
      if (name in prototype) patch<Method>(prototype, name, (method) => this.#around(method, describe));
  }

  #around(method: Method, describe: (...args: unknown[]) => Operation): Method {
    const [open, guard] = [this.#open, this.#guard];
    if (method.constructor.name === 'AsyncGeneratorFunction')
      return function (this: Client, ...args: unknown[]) {
        const iterator = method.apply(this, args) as AsyncIterableIterator<unknown>;
        return trackIterator(iterator, () => open(this, () => describe(...args)), guard);
      };
    return function (this: Client, ...args: unknown[]) {
      const call = open(this, () => describe(...args));
      return track(call, guard, method as (...args: unknown[]) => Promise<unknown>, this, ...args);
    };
  }

  /** The interceptor of a client. Where it is not to trace, it only counts. */
  interceptor(client: Client, traced: boolean): Interceptor {
    const addTrace = this.#guard(withTrace);
    const methods = Object.entries(BY_METHOD).map(([name, describe]) => [
      name,
      (input: Input, next: Next) => {
        const trace = new TraceCarrier();
        const call = this.#open(client, () => describe(input), trace, traced);
        return track(call, this.#guard, next, undefined, (traced && addTrace(input, trace)) || input);
      },
    ]);
    return Object.fromEntries(methods);
  }
}

function withTrace(input: Input, trace: TraceCarrier): Input {
  const { headers, workflowStartHeaders, updateHeaders } = input;
  return {
    ...input,
    ...(headers && { headers: trace.addTo(headers) }),
    ...(workflowStartHeaders && { workflowStartHeaders: trace.addTo(workflowStartHeaders) }),
    ...(updateHeaders && { updateHeaders: trace.addTo(updateHeaders) }),
  };
}
