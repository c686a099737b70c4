import type { Call, Calls, Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { TEMPORAL_CLIENT } from '../../../semconv/temporal.js';
import { type Headers, TraceCarrier } from '../header.js';
import { isOfficial } from '../official.js';
import { type Terminated, tellTermination } from '../terminations.js';
import { track, trackIterator } from '../track.js';
import type { Visibility } from '../visibility.js';
import { INTERCEPTOR_OPERATIONS, type Operation, type Operations, routeOf } from './operations.js';

interface Client {
  readonly options: { readonly namespace?: string };
  count(query?: string): Promise<{ readonly count: number }>;
}

/** The input of an interceptor. Which headers it has depends on the operation. */
interface Input {
  readonly headers?: Headers;
  readonly workflowStartHeaders?: Headers;
  readonly updateHeaders?: Headers;
  readonly workflowExecution?: Terminated;
}

type Next = (input: Input) => Promise<unknown>;
type Interceptor = Record<string, (input: Input, next: Next) => Promise<unknown>>;

type GetInterceptors = (this: Client, ...args: unknown[]) => object[];

/** Adds our interceptor before the application's own. */
export function addInterceptor(
  prototype: object,
  observer: OperationObserver,
  visibility: Visibility,
  guard: Guard,
): void {
  const interceptors = new WeakMap<object, Interceptor>();
  const withOurs = guard((client: Client, theirs: object[]) => {
    visibility.addClient(client);
    const traced = !theirs.some(isOfficial);
    const ours = (traced && interceptors.get(client)) || observer.createInterceptor(client, traced);
    if (traced) interceptors.set(client, ours);
    return [ours, ...theirs];
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
type AddTrace = (args: unknown[], trace: TraceCarrier) => unknown[];

/** Opens a call for each operation. */
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

  /**
   * Wraps methods that return a promise or an async iterator. `addTrace` adds the trace context to the argument of those
   * that pass it on.
   */
  observeMethods(prototype: object, operations: Operations, addTrace?: AddTrace): void {
    for (const [name, describe] of Object.entries(operations))
      if (name in prototype)
        patch<Method>(prototype, name, (method) => this.#wrap(method, describe, addTrace));
  }

  /** Wraps one method of each object that another method of the client returns. */
  observeReturned(
    prototype: object,
    create: string,
    name: string,
    describe: (returned: never, ...args: unknown[]) => Operation,
  ): void {
    const observe = this.#guard((client: Client, returned: object) =>
      patch<Method>(returned, name, (method) =>
        this.#wrap(method, (...args) => describe(returned as never, ...args), undefined, client),
      ),
    );
    patch<Method>(
      prototype,
      create,
      (method) =>
        function (...args) {
          const returned = method.apply(this, args) as object;
          observe(this, returned);
          return returned;
        },
    );
  }

  #wrap(
    method: Method,
    describe: (...args: unknown[]) => Operation,
    addTrace?: AddTrace,
    of?: Client,
  ): Method {
    const [open, guard] = [this.#open, this.#guard];
    const withTrace = guard((args: unknown[], trace: TraceCarrier) => addTrace?.(args, trace));
    if (method.constructor.name === 'AsyncGeneratorFunction')
      return function (this: Client, ...args: unknown[]) {
        const iterator = method.apply(this, args) as AsyncIterableIterator<unknown>;
        return trackIterator(iterator, () => open(this, () => describe(...args)), guard);
      };
    return function (this: Client, ...args: unknown[]) {
      const trace = addTrace && new TraceCarrier();
      const call = open(of ?? this, () => describe(...args), trace);
      const given = (trace && withTrace(args, trace)) ?? args;
      return track(call, guard, method as (...args: unknown[]) => Promise<unknown>, this, given);
    };
  }

  /** Creates the interceptor of a client. If `traced` is false, it only counts. */
  createInterceptor(client: Client, traced: boolean): Interceptor {
    const addTrace = this.#guard(withTrace);
    const methods = Object.entries(INTERCEPTOR_OPERATIONS).map(([name, describe]) => [
      name,
      (input: Input, next: Next) => {
        const trace = new TraceCarrier();
        const call = this.#open(client, () => describe(input), trace, traced);
        const given = (traced && addTrace(input, trace)) || input;
        const running = track(call, this.#guard, next, undefined, [given]);
        const { workflowExecution: terminated } = input;
        if (name === 'terminate' && terminated !== undefined)
          running.then(this.#guard(() => tellTermination(terminated))).catch(() => {});
        return running;
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
