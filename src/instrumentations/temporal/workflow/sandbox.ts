/**
 * The code that runs inside Temporal's workflow sandbox. `observeWorkflows` is turned into text and appended to the
 * workflow bundle, so it may use only its arguments and the globals of the sandbox.
 *
 * It must be safe to replay: it awaits nothing, puts no promise between Temporal and the workflow, uses no randomness
 * and issues no command. Ids are derived from values that the history fixes, so they are the same after each replay.
 */

/** An operation of a workflow, reported when it has ended. It crosses threads, so it holds only plain values. */
export interface Ended {
  readonly name: string;
  readonly of: string;
  /** Milliseconds since 1970, in workflow time. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly sampled: boolean;
  readonly traceState: string | undefined;
  readonly error: EndedError | undefined;
}

export interface EndedError {
  readonly name: string;
  readonly message: string;
  readonly type: string | undefined;
  readonly category: string | undefined;
}

export interface SandboxOptions {
  /** The name of the sink that the main thread has registered. */
  readonly sink: string;
  /** The name of the header that carries the trace context. */
  readonly header: string;
  /** False if Temporal's own tracing makes the spans and carries the trace context. Redhook then only counts. */
  readonly traced: boolean;
}

interface Bundle {
  importInterceptors?: () => unknown[];
}

interface Payload {
  readonly data?: Uint8Array;
}

interface Input {
  readonly headers: Record<string, Payload>;
  readonly seq?: number;
}

type Next = (input: unknown) => Promise<unknown>;

type Method = (input: never, next: Next) => Promise<unknown>;

interface Interceptors {
  readonly inbound: readonly Record<string, Method>[];
  readonly outbound: readonly Record<string, Method>[];
}

interface Activator {
  readonly info: { readonly runId: string; readonly workflowType: string };
  readonly sinkCalls: object[];
  readonly completions?: Record<string, Map<number, Completion> | undefined>;
}

interface Completion {
  resolve(value: unknown): unknown;
  reject(error: unknown): unknown;
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  readonly baggage: string | undefined;
  readonly traceState: string | undefined;
}

declare global {
  var __TEMPORAL_ACTIVATOR__: Activator;
  var AsyncLocalStorage: new () => {
    run<R>(store: Span, fn: (input: unknown) => R, input: unknown): R;
    getStore(): Span | undefined;
  };
}

export function observeWorkflows(bundle: Bundle, { sink, header, traced }: SandboxOptions): void {
  const { importInterceptors } = bundle;
  if (importInterceptors === undefined) return;
  bundle.importInterceptors = () => [
    { interceptors: () => quietly(observeWorkflow()) },
    ...importInterceptors(),
  ];

  /** Keeps our own faults away from the workflow, which continues as if Redhook were absent. */
  function quietly(interceptors: Interceptors): Interceptors {
    for (const methods of [...interceptors.inbound, ...interceptors.outbound]) {
      for (const [name, method] of Object.entries(methods))
        methods[name] = (input, next) => {
          let passed = false;
          const pass: Next = (given) => {
            passed = true;
            return next(given);
          };
          try {
            return method(input as never, pass);
          } catch (error) {
            if (passed) throw error;
            return next(input);
          }
        };
    }
    return interceptors;
  }

  function observeWorkflow(): Interceptors {
    const activator = globalThis.__TEMPORAL_ACTIVATOR__;
    const { runId, workflowType } = activator.info;
    const current = new globalThis.AsyncLocalStorage();
    let run: Span | undefined;
    let signals = 0;

    return {
      inbound: [
        {
          execute(input: Input, next: Next) {
            const parent = received(input);
            run = spanOf('run', parent);
            return inside('RunWorkflow', workflowType, parent, run, input, next);
          },
          handleSignal(input: Input & { signalName: string }, next: Next) {
            signals += 1;
            return handle('HandleSignal', input.signalName, `signal:${signals}`, input, next);
          },
          handleUpdate(input: Input & { name: string; updateId: string }, next: Next) {
            return handle('HandleUpdate', input.name, `update:${input.updateId}`, input, next);
          },
          handleQuery(input: Input & { queryName: string; queryId: string }, next: Next) {
            return handle('HandleQuery', input.queryName, `query:${input.queryId}`, input, next);
          },
        },
      ],
      outbound: [
        {
          scheduleActivity(input: Input & { activityType: string }, next: Next) {
            return call(
              'StartActivity',
              input.activityType,
              `activity:${input.seq}`,
              input,
              next,
              'activity',
            );
          },
          scheduleLocalActivity(input: Input & { activityType: string; attempt: number }, next: Next) {
            const key = `local:${input.seq}:${input.attempt}`;
            return call('StartActivity', input.activityType, key, input, next, 'activity');
          },
          startChildWorkflowExecution(input: Input & { workflowType: string }, next: Next) {
            const key = `child:${input.seq}`;
            return call('StartChildWorkflow', input.workflowType, key, input, next, 'childWorkflowComplete');
          },
          signalWorkflow(input: Input & { signalName: string }, next: Next) {
            return call(
              'SignalWorkflow',
              input.signalName,
              `signalled:${input.seq}`,
              input,
              next,
              'signalWorkflow',
            );
          },
          continueAsNew(input: Input & { options: { workflowType: string } }, next: Next) {
            const parent = current.getStore() ?? run;
            const span = spanOf('continue', parent);
            emit('ContinueAsNew', input.options.workflowType, Date.now(), parent, span);
            return next(sent(input, span));
          },
        },
      ],
    };

    function handle(name: string, of: string, key: string, input: Input, next: Next): Promise<unknown> {
      const parent = received(input) ?? run;
      return inside(name, of, parent, spanOf(key, parent), input, next);
    }

    /** Observes an inbound operation. Temporal handles the promise itself, so handlers may be added to it. */
    function inside(
      name: string,
      of: string,
      parent: Span | undefined,
      span: Span,
      input: Input,
      next: Next,
    ): Promise<unknown> {
      const startedAt = Date.now();
      const promise = current.run(span, next, input);
      promise.then(
        () => emit(name, of, startedAt, parent, span),
        (error) => emit(name, of, startedAt, parent, span, plain(error)),
      );
      return promise;
    }

    /**
     * Observes an outbound operation. Its promise belongs to the workflow, and a handler added here would hide an
     * unhandled rejection. So the end is observed where Temporal completes the operation.
     */
    function call(
      name: string,
      of: string,
      key: string,
      input: Input,
      next: Next,
      completion: string,
    ): Promise<unknown> {
      const parent = current.getStore() ?? run;
      const span = spanOf(key, parent);
      const startedAt = Date.now();
      const promise = next(sent(input, span));
      const pending = activator.completions?.[completion]?.get(input.seq as number);
      if (pending === undefined) {
        // It was rejected at once, or an interceptor of the application delays it.
        promise.then(
          () => emit(name, of, startedAt, parent, span),
          (error) => emit(name, of, startedAt, parent, span, plain(error)),
        );
        return promise;
      }
      const { resolve, reject } = pending;
      pending.resolve = (value) => {
        emit(name, of, startedAt, parent, span);
        return resolve(value);
      };
      pending.reject = (error) => {
        emit(name, of, startedAt, parent, span, plain(error));
        return reject(error);
      };
      return promise;
    }

    function emit(
      name: string,
      of: string,
      startedAt: number,
      parent: Span | undefined,
      { traceId, spanId, sampled, traceState }: Span,
      error?: EndedError,
    ): void {
      const ended: Ended = {
        name,
        of,
        startedAt,
        endedAt: Date.now(),
        traceId,
        spanId,
        parentSpanId: parent?.spanId,
        sampled,
        traceState,
        error,
      };
      activator.sinkCalls.push({
        ifaceName: sink,
        fnName: 'ended',
        args: [ended],
        workflowInfo: activator.info,
      });
    }

    function spanOf(key: string, parent: Span | undefined): Span {
      return {
        traceId: parent?.traceId ?? runId.replaceAll('-', ''),
        spanId: hash(`${runId}:${key}`),
        sampled: parent?.sampled ?? true,
        baggage: parent?.baggage,
        traceState: parent?.traceState,
      };
    }
  }

  /** A workflow may throw anything, also what throws when it is read. */
  function plain(error: unknown): EndedError {
    try {
      const { name, message, type, category } = Object(error) as Record<string, unknown>;
      return {
        name: String(name ?? 'Error'),
        message: String(message ?? ''),
        type: typeof type === 'string' ? type : undefined,
        category: typeof category === 'string' ? category : undefined,
      };
    } catch {
      return { name: 'Error', message: '', type: undefined, category: undefined };
    }
  }

  /** Returns the input with the trace context in its headers, unless they already carry one. */
  function sent(input: Input, { traceId, spanId, sampled, traceState, baggage }: Span): Input {
    if (!traced || header in input.headers) return input;
    const traceparent = `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`;
    const encoder = new TextEncoder();
    const payload = {
      metadata: { encoding: encoder.encode('json/plain') },
      // Without a value JSON has no member.
      data: encoder.encode(JSON.stringify({ traceparent, tracestate: traceState, baggage })),
    };
    return { ...input, headers: { ...input.headers, [header]: payload } };
  }

  function received({ headers }: Input): Span | undefined {
    const data = headers?.[header]?.data;
    if (data === undefined) return undefined;
    try {
      const { traceparent, tracestate: traceState, baggage } = JSON.parse(new TextDecoder().decode(data));
      const [, traceId, spanId, flags] =
        /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent) ?? [];
      if (traceId === undefined || spanId === undefined) return undefined;
      const sampled = (Number.parseInt(flags as string, 16) & 1) === 1;
      return { traceId, spanId, sampled, traceState, baggage };
    } catch {
      return undefined;
    }
  }

  /** Sixteen hexadecimal digits: the FNV-1a hashes of the text and of its reverse. */
  function hash(text: string): string {
    return fnv(text) + fnv([...text].reverse().join(''));
  }

  function fnv(text: string): string {
    let value = 0x811c9dc5;
    for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
    return (value >>> 0).toString(16).padStart(8, '0');
  }
}
