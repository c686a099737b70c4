/**
 * The code that runs inside Temporal's workflow sandbox. `observeWorkflows` is turned into text and appended to the
 * workflow bundle, so it may use only its arguments and the globals of the sandbox.
 *
 * It must be safe to replay: it awaits nothing, puts no promise between Temporal and the workflow, uses no randomness
 * and issues no command. Ids are derived from values that the history fixes, so they are the same after each replay.
 *
 * A workflow is told as Temporal sees it, not as its promises settle. What an activation brings (its jobs) ends the
 * operations that the workflow has started. What it leads to (its commands) ends updates, queries and the run, and with
 * the run all that is still open. Interceptors pass the trace context on, and note what begins.
 */

/** An operation of a workflow that has begun. It crosses threads, so it holds only plain values. */
export interface Begun {
  readonly name: string;
  readonly of: string;
  /** Milliseconds since 1970, in workflow time. */
  readonly startedAt: number;
  /** Absent: the history does not fix the ids of this operation, so they may be random. */
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  readonly parentSpanId: string | undefined;
  readonly sampled: boolean;
  readonly traceState: string | undefined;
}

/** An operation of a workflow that has ended. */
export interface Ended extends Begun {
  readonly endedAt: number;
  /** The `temporal.status`. */
  readonly status: string;
  readonly error: EndedError | undefined;
}

export interface EndedError {
  readonly type: string;
  readonly message: string;
}

/** What an activation has led to. */
export interface Conclusion {
  readonly ended: readonly Ended[];
  /** What is open after it and was not told yet. */
  readonly begun: readonly Begun[];
  /** This sandbox tells for the first time: it may have replayed what another one did, and nothing else is open. */
  readonly isFirst: boolean;
  /** A local activity is running, so the service does not know of the activation yet. */
  readonly isTaskOpen: boolean;
}

/** The functions of the sink. */
export interface Sink {
  concluded(conclusion: Conclusion): void;
  /** The queries that an activation has answered. They are not in the history, and never replayed. */
  answered(queries: readonly Ended[]): void;
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
  importWorkflows?: () => Readonly<Record<string, unknown>>;
}

interface Payload {
  readonly data?: Uint8Array;
}

type Headers = Readonly<Record<string, Payload | string>>;

interface Input {
  readonly headers: Headers;
  readonly seq?: number;
}

// biome-ignore lint/suspicious/noExplicitAny: the inputs of Temporal's interceptors; each method knows its own.
type Interceptor = Record<string, (input: any, next: Next) => unknown>;

type Next = (input: unknown) => unknown;

interface Interceptors {
  readonly inbound?: readonly Interceptor[];
  readonly outbound?: readonly Interceptor[];
  readonly internals?: readonly Interceptor[];
}

/** What is known of a failure, in the form in which Temporal stores it. */
type Failure = Readonly<Record<string, unknown>> & {
  readonly message?: string | null;
  readonly cause?: Failure | null;
  readonly applicationFailureInfo?: {
    readonly type?: string | null;
    readonly category?: number | string | null;
  } | null;
};

interface Result {
  readonly completed?: unknown;
  readonly cancelled?: unknown;
  readonly backoff?: unknown;
  readonly failed?: { readonly failure?: Failure | null } | null;
  readonly timedOut?: Failure | null;
}

interface Job {
  readonly variant?: string;
  readonly initializeWorkflow?: { readonly headers?: Headers | null };
  readonly doUpdate?: Update;
  readonly resolveActivity?: Resolution;
  readonly resolveChildWorkflowExecutionStart?: Resolution;
  readonly resolveChildWorkflowExecution?: Resolution;
  readonly resolveSignalExternalWorkflow?: Resolution;
  readonly resolveNexusOperationStart?: Resolution;
  readonly resolveNexusOperation?: Resolution;
}

interface Update {
  readonly id: string;
  readonly name: string;
  readonly protocolInstanceId: string;
  readonly headers?: Headers | null;
}

interface Resolution {
  readonly seq: number;
  readonly result?: Result;
  readonly failure?: Failure | null;
  readonly failed?: unknown;
  readonly cancelled?: unknown;
  readonly cancelledBeforeStart?: Failure | null;
}

interface Command {
  readonly updateResponse?: {
    readonly protocolInstanceId: string;
    readonly completed?: unknown;
    readonly rejected?: Failure;
  };
  readonly respondToQuery?: { readonly queryId: string; readonly failed?: Failure };
  readonly completeWorkflowExecution?: unknown;
  readonly failWorkflowExecution?: { readonly failure?: Failure };
  readonly cancelWorkflowExecution?: unknown;
  readonly continueAsNewWorkflowExecution?: unknown;
}

interface Activator {
  readonly info: {
    readonly runId: string;
    readonly workflowType: string;
    readonly unsafe: { readonly isReplaying: boolean; now(): number };
  };
  readonly sinkCalls: object[];
  readonly completions: Record<string, Map<number, unknown> | undefined>;
  readonly signalHandlers: Map<string, unknown>;
  readonly updateHandlers: Map<string, unknown>;
  readonly queryHandlers: Map<string, unknown>;
  readonly promiseStackStore: Record<'childToParent' | 'promiseToStack', Map<unknown, unknown>>;
  readonly rootScope: { readonly constructor: { current(): { readonly consideredCancelled: boolean } } };
  readonly cancelled: boolean;
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  readonly baggage: string | undefined;
  readonly traceState: string | undefined;
}

interface Operation extends Span {
  readonly name: string;
  readonly of: string;
  readonly startedAt: number;
  readonly parentSpanId: string | undefined;
  readonly isLocal: boolean;
}

declare global {
  var __TEMPORAL_ACTIVATOR__: Activator;
  var AsyncLocalStorage: new () => {
    run<R>(store: Span, fn: (input: unknown) => R, input: unknown): R;
    getStore(): Span | undefined;
  };
}

export function observeWorkflows(bundle: Bundle, { sink, header, traced }: SandboxOptions): void {
  const OTHER = '_OTHER';
  const ALREADY_STARTED = {
    type: 'WorkflowExecutionAlreadyStartedError',
    message: 'Workflow execution already started',
  };
  /** The classes of Temporal's errors, by the information that their failures have. */
  const FAILURES = {
    applicationFailureInfo: 'ApplicationFailure',
    activityFailureInfo: 'ActivityFailure',
    childWorkflowExecutionFailureInfo: 'ChildWorkflowFailure',
    nexusOperationExecutionFailureInfo: 'NexusOperationFailure',
    nexusHandlerFailureInfo: 'HandlerError',
    canceledFailureInfo: 'CancelledFailure',
    timeoutFailureInfo: 'TimeoutFailure',
    terminatedFailureInfo: 'TerminatedFailure',
    serverFailureInfo: 'ServerFailure',
  };
  const { importInterceptors, importWorkflows } = bundle;
  if (importInterceptors === undefined) return;
  bundle.importInterceptors = () => {
    let observer: ReturnType<typeof observeWorkflow>;
    return [
      {
        interceptors: () => {
          observer = observeWorkflow();
          return quietly(observer.outermost);
        },
      },
      ...importInterceptors(),
      // Those of the application may wait before they start an operation, or not start it at all.
      { interceptors: () => quietly(observer.innermost) },
    ];
  };

  /** Keeps our own faults away from the workflow, which continues as if Redhook were absent. */
  function quietly(interceptors: Interceptors): Interceptors {
    for (const methods of Object.values(interceptors).flat() as Interceptor[]) {
      for (const [name, method] of Object.entries(methods))
        methods[name] = (input, next) => {
          let passed = false;
          const pass: Next = (given) => {
            passed = true;
            return next(given);
          };
          try {
            return method(input, pass);
          } catch (error) {
            if (passed) throw error;
            return next(input);
          }
        };
    }
    return interceptors;
  }

  /** For what runs after Temporal's own code. */
  function attempt(observe: () => void): void {
    try {
      observe();
    } catch {
      // The workflow continues, and this is not observed.
    }
  }

  function observeWorkflow() {
    const activator = globalThis.__TEMPORAL_ACTIVATOR__;
    const { runId, workflowType } = activator.info;
    const current = new globalThis.AsyncLocalStorage();
    /** What has begun, by its kind and number. */
    const open = new Map<string, Operation>();
    const updates = new Map<string, Update>();
    const queries = new Map<string, Begun>();
    /** The keys of what has begun and was not told yet. */
    let begun: string[] = [];
    let isFirst = true;
    let ended: Ended[] = [];
    let answered: Ended[] = [];
    let run: Operation | undefined;
    let continued: Operation | undefined;
    let signals = 0;
    let localActivities = 0;

    return {
      outermost: {
        inbound: [
          {
            execute(input: Input, next: Next) {
              return current.run(run ?? beginRun(input.headers), next, input);
            },
            handleSignal(input: Input & { signalName: string }, next: Next) {
              signals += 1;
              const key = `signal:${signals}`;
              const of = known(activator.signalHandlers, input.signalName);
              const signal = begin(key, 'HandleSignal', of, received(input.headers) ?? run);
              add(key, signal);
              const promise = current.run(signal, next, input);
              attempt(() => endWith(promise, key));
              return promise;
            },
            handleUpdate(input: Input & { name: string; updateId: string }, next: Next) {
              const key = `update:${input.updateId}`;
              const of = known(activator.updateHandlers, input.name);
              const update = begin(key, 'HandleUpdate', of, received(input.headers) ?? run);
              add(key, update);
              return current.run(update, next, input);
            },
            handleQuery(input: Input & { queryName: string; queryId: string }, next: Next) {
              const of = known(activator.queryHandlers, input.queryName);
              const startedAt = activator.info.unsafe.now();
              queries.set(input.queryId, live('HandleQuery', of, startedAt, received(input.headers)));
              return next(input);
            },
          },
        ],
        internals: [
          {
            activate(input: { activation: { jobs: Job[] } }, next: Next) {
              attempt(() => input.activation.jobs.forEach(receive));
              return next(input);
            },
            concludeActivation(input: unknown, next: Next) {
              const output = next(input) as { commands: Command[] };
              attempt(() => conclude(output.commands));
              return output;
            },
          },
        ],
      },
      innermost: {
        outbound: [
          {
            scheduleActivity(input: Input & { activityType: string }, next: Next) {
              const key = `activity:${input.seq}`;
              const activity = begin(key, 'StartActivity', input.activityType, parent());
              return start(key, activity, 'activity', input, next);
            },
            scheduleLocalActivity(input: Input & { activityType: string; attempt: number }, next: Next) {
              const id = `local:${input.seq}:${input.attempt}`;
              const activity = begin(id, 'StartActivity', input.activityType, parent(), true);
              return start(`activity:${input.seq}`, activity, 'activity', input, next);
            },
            startChildWorkflowExecution(input: Input & { workflowType: string }, next: Next) {
              const key = `child:${input.seq}`;
              const child = begin(key, 'StartChildWorkflow', input.workflowType, parent());
              return start(key, child, 'childWorkflowStart', input, next);
            },
            signalWorkflow(input: Input & { signalName: string }, next: Next) {
              const key = `signalled:${input.seq}`;
              const signal = begin(key, 'SignalWorkflow', input.signalName, parent());
              return start(key, signal, 'signalWorkflow', input, next);
            },
            startNexusOperation(input: Input & { service: string; operation: string }, next: Next) {
              const key = `nexus:${input.seq}`;
              const of = `${input.service}/${input.operation}`;
              const operation = begin(key, 'StartNexusOperation', of, parent());
              return start(key, operation, 'nexusOperationStart', input, next);
            },
            continueAsNew(input: Input & { options: { workflowType: string } }, next: Next) {
              continued = begin('continue', 'ContinueAsNew', input.options.workflowType, parent());
              return next(sent(input, continued));
            },
          },
        ],
      },
    };

    function parent(): Span | undefined {
      return current.getStore() ?? run;
    }

    function begin(
      key: string,
      name: string,
      of: string,
      parent: Span | undefined,
      isLocal = false,
    ): Operation {
      return {
        name,
        of,
        startedAt: Date.now(),
        traceId: parent?.traceId ?? runId.replaceAll('-', ''),
        spanId: hash(`${runId}:${key}`),
        parentSpanId: parent?.spanId,
        sampled: parent?.sampled ?? true,
        baggage: parent?.baggage,
        traceState: parent?.traceState,
        isLocal,
      };
    }

    function beginRun(headers: Headers): Operation {
      const isExported = typeof importWorkflows?.()[workflowType] === 'function';
      run = begin('run', 'RunWorkflow', isExported ? workflowType : OTHER, received(headers));
      add('run', run);
      return run;
    }

    function add(key: string, operation: Operation): void {
      open.set(key, operation);
      begun.push(key);
    }

    /**
     * Starts an operation. Its promise belongs to the workflow: a handler added to it would hide an unhandled rejection.
     * Temporal keeps a completion for what it has accepted. The rest it has refused at once.
     */
    function start(key: string, operation: Operation, completion: string, input: Input, next: Next): unknown {
      const isCanceled = activator.rootScope.constructor.current().consideredCancelled;
      let thrown: unknown;
      try {
        return next(sent(input, operation));
      } catch (error) {
        thrown = error;
        throw error;
      } finally {
        attempt(() => {
          if (activator.completions[completion]?.has(input.seq as number)) {
            add(key, operation);
            if (operation.isLocal) localActivities += 1;
          } else if (isCanceled) report(operation, 'canceled');
          else report(operation, 'failed', thrownError(thrown));
        });
      }
    }

    /** Temporal handles the promise of a signal handler itself. An update and the run end with a command instead. */
    function endWith(promise: unknown, key: string): void {
      const settled = (promise as Promise<unknown>).then(
        () => end(key, 'completed'),
        (error) => attempt(() => end(key, statusOf(error), thrownError(error))),
      );
      // As for Temporal's own promises: a stack trace query shows those of the workflow.
      activator.promiseStackStore.childToParent.delete(settled);
      activator.promiseStackStore.promiseToStack.delete(settled);
    }

    function statusOf({ name, cause }: { name?: unknown; cause?: { name?: unknown } }): string {
      if (name === 'ContinueAsNew') return 'continued_as_new';
      const isCancellation = name === 'CancelledFailure' || cause?.name === 'CancelledFailure';
      return activator.cancelled && isCancellation ? 'canceled' : 'failed';
    }

    function receive(job: Job): void {
      switch (job.variant) {
        case 'initializeWorkflow':
          beginRun(job.initializeWorkflow?.headers ?? {});
          break;
        case 'doUpdate': {
          const update = job.doUpdate as Update;
          updates.set(update.protocolInstanceId, update);
          break;
        }
        case 'resolveActivity':
          resolve('activity', job.resolveActivity as Resolution);
          break;
        case 'resolveChildWorkflowExecutionStart': {
          const { seq, failed, cancelled } = job.resolveChildWorkflowExecutionStart as Resolution;
          if (failed) end(`child:${seq}`, 'failed', ALREADY_STARTED);
          else if (cancelled) end(`child:${seq}`, 'canceled');
          break;
        }
        case 'resolveChildWorkflowExecution':
          resolve('child', job.resolveChildWorkflowExecution as Resolution);
          break;
        case 'resolveSignalExternalWorkflow': {
          const { seq, failure } = job.resolveSignalExternalWorkflow as Resolution;
          endAs(`signalled:${seq}`, failure);
          break;
        }
        case 'resolveNexusOperationStart': {
          const { seq, failed, cancelledBeforeStart } = job.resolveNexusOperationStart as Resolution;
          const failure = (failed ?? cancelledBeforeStart) as Failure | undefined;
          if (failure) endAs(`nexus:${seq}`, failure);
          break;
        }
        case 'resolveNexusOperation':
          resolve('nexus', job.resolveNexusOperation as Resolution);
      }
    }

    function resolve(kind: string, { seq, result = {} }: Resolution): void {
      const key = `${kind}:${seq}`;
      const failed = result.failed ?? result.timedOut;
      if (failed) end(key, 'failed', errorOf((failed.failure ?? failed) as Failure));
      else end(key, result.cancelled ? 'canceled' : result.backoff ? 'backoff' : 'completed');
    }

    function endAs(key: string, failure: Failure | null | undefined): void {
      if (!failure) end(key, 'completed');
      else if (isCancellation(failure)) end(key, 'canceled');
      else end(key, 'failed', errorOf(failure));
    }

    function conclude(commands: readonly Command[]): void {
      let isClosed = false;
      for (const command of commands) {
        if (command.updateResponse) endUpdate(command.updateResponse);
        else if (command.respondToQuery) endQuery(command.respondToQuery);
        // Only the first of them counts.
        else if (!isClosed) isClosed = close(command);
      }
      const { info } = activator;
      if (answered.length > 0) tell('answered', [answered]);
      answered = [];
      // What a replay has begun is told when it is over.
      if (!info.unsafe.isReplaying) tellOperations();
      ended = [];
    }

    function tellOperations(): void {
      const opened = begun.map((key) => open.get(key)).filter((operation) => operation !== undefined);
      begun = [];
      if (ended.length === 0 && opened.length === 0) return;
      const isTaskOpen = localActivities > 0;
      const conclusion: Conclusion = { ended, begun: opened.map(plain), isFirst, isTaskOpen };
      tell('concluded', [conclusion]);
      isFirst = false;
    }

    function tell(fnName: keyof Sink, args: unknown[]): void {
      activator.sinkCalls.push({ ifaceName: sink, fnName, args, workflowInfo: activator.info });
    }

    function endUpdate({ protocolInstanceId, completed, rejected }: NonNullable<Command['updateResponse']>) {
      const update = updates.get(protocolInstanceId);
      if (update === undefined || !(completed || rejected)) return;
      updates.delete(protocolInstanceId);
      const key = `update:${update.id}`;
      if (!rejected) end(key, 'completed');
      else if (open.has(key))
        end(key, activator.cancelled && isCancellation(rejected) ? 'canceled' : 'failed', errorOf(rejected));
      else {
        // Refused. The history does not contain it.
        const of = known(activator.updateHandlers, update.name);
        const refused = live('HandleUpdate', of, Date.now(), received(update.headers ?? {}));
        const { startedAt: endedAt } = refused;
        ended.push({ ...refused, endedAt, status: 'rejected', error: errorOf(rejected) });
      }
    }

    function endQuery({ queryId, failed }: NonNullable<Command['respondToQuery']>): void {
      const query = queries.get(queryId);
      if (query === undefined) return;
      queries.delete(queryId);
      const status = failed ? 'failed' : 'completed';
      const endedAt = activator.info.unsafe.now();
      answered.push({ ...query, endedAt, status, error: failed && errorOf(failed) });
    }

    /** Whether the command closes the run. What is open then will not end. */
    function close(command: Command): boolean {
      if (command.completeWorkflowExecution) end('run', 'completed');
      else if (command.cancelWorkflowExecution) end('run', 'canceled');
      else if (command.failWorkflowExecution) {
        const failure = command.failWorkflowExecution.failure ?? {};
        end('run', isBenign(failure) ? 'benign' : 'failed', errorOf(failure));
      } else if (command.continueAsNewWorkflowExecution) {
        if (continued !== undefined) report(continued, 'completed');
        end('run', 'continued_as_new');
      } else return false;
      for (const key of open.keys()) end(key, 'unfinished');
      return true;
    }

    function end(key: string, status: string, error?: EndedError): void {
      const operation = open.get(key);
      if (operation === undefined) return;
      open.delete(key);
      if (operation.isLocal) localActivities -= 1;
      report(operation, status, error);
    }

    function report(operation: Operation, status: string, error?: EndedError): void {
      const isFailure = status === 'failed' || status === 'rejected';
      ended.push({
        ...plain(operation),
        endedAt: Date.now(),
        status,
        error: isFailure ? error : undefined,
      });
    }
  }

  function plain({
    name,
    of,
    startedAt,
    traceId,
    spanId,
    parentSpanId,
    sampled,
    traceState,
  }: Operation): Begun {
    return { name, of, startedAt, traceId, spanId, parentSpanId, sampled, traceState };
  }

  /** An operation that is not in the history. */
  function live(name: string, of: string, startedAt: number, parent: Span | undefined): Begun {
    return {
      name,
      of,
      startedAt,
      traceId: parent?.traceId,
      spanId: undefined,
      parentSpanId: parent?.spanId,
      sampled: parent?.sampled ?? true,
      traceState: parent?.traceState,
    };
  }

  /** Callers choose the names of signals, updates and queries. Only those that the workflow has are labels. */
  function known(handlers: Map<string, unknown>, name: string): string {
    return handlers.has(name) ? name : OTHER;
  }

  /** A workflow may throw anything, also what throws when it is read. */
  function thrownError(thrown: unknown): EndedError {
    try {
      const { name, message, type } = Object(thrown) as Record<string, unknown>;
      const isApplicationFailure = name === 'ApplicationFailure' && typeof type === 'string' && type !== '';
      return { type: String(isApplicationFailure ? type : (name ?? OTHER)), message: String(message ?? '') };
    } catch {
      return { type: OTHER, message: '' };
    }
  }

  function errorOf(failure: Failure): EndedError {
    const { message, applicationFailureInfo } = failure;
    const names = Object.entries(FAILURES);
    const type = applicationFailureInfo?.type || names.find(([info]) => failure[info] != null)?.[1] || OTHER;
    return { type, message: message ?? '' };
  }

  function isCancellation({ canceledFailureInfo, cause }: Failure): boolean {
    return canceledFailureInfo != null || cause?.['canceledFailureInfo'] != null;
  }

  function isBenign({ applicationFailureInfo }: Failure): boolean {
    const category = applicationFailureInfo?.category;
    return category === 1 || category === 'APPLICATION_ERROR_CATEGORY_BENIGN';
  }

  /** Returns the input with the trace context in its headers, unless they already carry one. */
  function sent(input: Input, { name, traceId, spanId, sampled, traceState, baggage }: Operation): Input {
    const { headers } = input;
    if (!traced || header in headers || 'traceparent' in headers) return input;
    const traceparent = `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`;
    const context = {
      traceparent,
      ...(traceState !== undefined && { tracestate: traceState }),
      ...(baggage !== undefined && { baggage }),
    };
    if (name === 'StartNexusOperation') return { ...input, headers: { ...headers, ...context } };
    const encoder = new TextEncoder();
    const payload = {
      metadata: { encoding: encoder.encode('json/plain') },
      data: encoder.encode(JSON.stringify(context)),
    };
    return { ...input, headers: { ...headers, [header]: payload } };
  }

  function received(headers: Headers): Span | undefined {
    const data = (headers?.[header] as Payload | undefined)?.data;
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
    let forward = 0x811c9dc5;
    let backward = 0x811c9dc5;
    for (let i = 0, last = text.length - 1; i <= last; i += 1) {
      forward = Math.imul(forward ^ text.charCodeAt(i), 0x01000193);
      backward = Math.imul(backward ^ text.charCodeAt(last - i), 0x01000193);
    }
    return hex(forward) + hex(backward);
  }

  function hex(value: number): string {
    return (value >>> 0).toString(16).padStart(8, '0');
  }
}
