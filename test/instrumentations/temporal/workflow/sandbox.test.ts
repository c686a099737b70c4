import { AsyncLocalStorage } from 'node:async_hooks';
import vm from 'node:vm';
import { expect, test } from 'vitest';
import {
  type Conclusion,
  type Ended,
  observeWorkflows,
} from '../../../../src/instrumentations/temporal/workflow/sandbox.js';

const HEADER = '_tracer-data';
const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const RUN_ID = '01a206e1-36c6-7435-8fc4-a6ec84e4c017';
const NOW = 1_700_000_000_000;

interface Input {
  headers: Record<string, { data: Uint8Array } | string>;
}

type Interceptor = Record<string, (input: object, next: (input: Input) => unknown) => unknown>;

interface SinkCall {
  readonly fnName: string;
  readonly args: [Conclusion | Ended[]];
}

/** A sandbox with only Temporal's globals, into which the observer is loaded as text. */
class Sandbox {
  readonly completions = {
    activity: new Map(),
    childWorkflowStart: new Map(),
    signalWorkflow: new Map(),
    nexusOperationStart: new Map(),
  };
  readonly activator = {
    info: { runId: RUN_ID, workflowType: 'Order', unsafe: { isReplaying: false, now: () => NOW } },
    sinkCalls: [] as SinkCall[],
    completions: this.completions,
    signalHandlers: new Map([['go', {}]]),
    updateHandlers: new Map([['add', {}]]),
    queryHandlers: new Map([['told', {}]]),
    promiseStackStore: { childToParent: new Map(), promiseToStack: new Map() },
    rootScope: { constructor: { current: () => ({ consideredCancelled: this.isScopeCanceled }) } },
    cancelled: false,
  };
  isScopeCanceled = false;
  readonly inbound: Interceptor;
  readonly outbound: Interceptor;
  readonly #internals: Interceptor;

  constructor({ traced = true }: { traced?: boolean } = {}) {
    const context = vm.createContext({
      AsyncLocalStorage,
      TextEncoder,
      TextDecoder,
      __TEMPORAL_ACTIVATOR__: this.activator,
      __TEMPORAL__: {
        importInterceptors: () => [{ interceptors: () => ({ theirs: true }) }],
        importWorkflows: () => ({ Order: () => {} }),
      },
    });
    const options = JSON.stringify({ sink: 'sink', header: HEADER, traced });
    vm.runInContext(`(${observeWorkflows})(__TEMPORAL__, ${options})`, context);
    const [first, theirs, last] = vm.runInContext('__TEMPORAL__.importInterceptors()', context);
    expect(theirs.interceptors()).toEqual({ theirs: true });
    const outermost = first.interceptors();
    this.inbound = outermost.inbound[0];
    this.#internals = outermost.internals[0];
    this.outbound = last.interceptors().outbound[0];
  }

  /** The jobs of an activation, by their variant. */
  activate(...jobs: Record<string, object>[]): void {
    const withVariant = jobs.map((job) => ({ ...job, variant: Object.keys(job)[0] }));
    this.#internals['activate']?.({ activation: { jobs: withVariant } }, () => undefined);
  }

  /** The commands of an activation. Returns what it reports. */
  conclude(...commands: object[]): SinkCall[] {
    this.#internals['concludeActivation']?.({ commands }, (input) => input);
    // Another realm has made them.
    return this.activator.sinkCalls.splice(0).map(({ fnName, args }) => structuredClone({ fnName, args }));
  }

  concluded(...commands: object[]): Conclusion | undefined {
    const [call] = this.conclude(...commands);
    expect(call?.fnName ?? 'concluded').toBe('concluded');
    return call?.args[0] as Conclusion | undefined;
  }

  /** What an activation tells: `StartActivity:charge completed`, with the type of its error. */
  told(...commands: object[]): string[] {
    return (this.concluded(...commands)?.ended ?? []).map(textOf);
  }

  start(headers: Input['headers'] = {}): void {
    this.activate({ initializeWorkflow: { headers } });
    this.inbound['execute']?.({ headers }, () => undefined);
  }

  /** Starts an operation that Temporal accepts. Returns the input that Temporal gets. */
  call(
    method: string,
    input: Record<string, unknown> & { seq: number },
    completion: keyof Sandbox['completions'],
  ): Input {
    let sent: Input | undefined;
    this.outbound[method]?.({ headers: {}, ...input }, (given) => {
      sent = given;
      this.completions[completion].set(input.seq, {});
      return new Promise(() => {});
    });
    return sent as Input;
  }

  activity(seq: number): Input {
    return this.call('scheduleActivity', { activityType: 'charge', seq }, 'activity');
  }
}

function textOf({ name, of, status, error }: Ended): string {
  return `${name}:${of} ${status}${error === undefined ? '' : ` ${error.type}`}`;
}

function headers({ traceId, spanId } = PARENT, flags = '01'): Input['headers'] {
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  const data = JSON.stringify({ traceparent, tracestate: 'vendor=1', baggage: 'a=b' });
  return { [HEADER]: { data: Buffer.from(data) } };
}

function traceOf({ headers }: Input): unknown {
  const payload = headers[HEADER] as { data: Uint8Array } | undefined;
  return payload && JSON.parse(Buffer.from(payload.data).toString());
}

const COMPLETE = { completeWorkflowExecution: {} };
const failed = (type: string): object => ({ message: 'no', applicationFailureInfo: { type } });
const CANCELED = { message: 'stop', activityFailureInfo: {}, cause: { canceledFailureInfo: {} } };

/** Runs a workflow that executes one activity. */
function runOnce(box: Sandbox, given: Input['headers']): { ended: Ended[]; sent: Input } {
  box.start(given);
  const sent = box.activity(7);
  expect(box.told()).toEqual([]);
  box.activate({ resolveActivity: { seq: 7, result: { completed: {} } } });
  return { ended: [...(box.concluded(COMPLETE)?.ended ?? [])], sent };
}

test('a run is a child of the call that started it, and its activity is a child of the run', () => {
  const { ended, sent } = runOnce(new Sandbox(), headers());

  const [activity, run] = ended;
  expect(run).toMatchObject({
    name: 'RunWorkflow',
    of: 'Order',
    traceId: PARENT.traceId,
    parentSpanId: PARENT.spanId,
    sampled: true,
    traceState: 'vendor=1',
    status: 'completed',
    error: undefined,
  });
  expect(activity).toMatchObject({ name: 'StartActivity', of: 'charge', parentSpanId: run?.spanId });
  expect(traceOf(sent)).toEqual({
    traceparent: `00-${PARENT.traceId}-${activity?.spanId}-01`,
    tracestate: 'vendor=1',
    baggage: 'a=b',
  });
});

test('ids are the same after a replay and differ from each other', () => {
  const [first, second] = [runOnce(new Sandbox(), headers()), runOnce(new Sandbox(), headers())];

  const ids = first.ended.map(({ spanId }) => spanId);
  expect(second.ended.map(({ spanId }) => spanId)).toEqual(ids);
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});

test('a run without a parent starts its own trace, and the decision not to sample is passed on', () => {
  const alone = runOnce(new Sandbox(), {});
  const unsampled = runOnce(new Sandbox(), headers(PARENT, '00'));

  expect(alone.ended[1]).toMatchObject({
    traceId: RUN_ID.replaceAll('-', ''),
    parentSpanId: undefined,
    sampled: true,
  });
  expect(unsampled.ended[1]).toMatchObject({ sampled: false });
});

test('the promise of an operation is returned untouched, whether Temporal accepts or refuses it', () => {
  const box = new Sandbox();
  box.start();
  let isThenRead = false;
  const promise = Object.defineProperty(new Promise(() => {}), 'then', { get: () => (isThenRead = true) });
  for (const isAccepted of [true, false]) {
    const next = (): unknown => {
      if (isAccepted) box.completions.activity.set(1, {});
      else box.completions.activity.clear();
      return promise;
    };
    const start = box.outbound['scheduleActivity'];
    expect(start?.({ activityType: 'a', seq: 1, headers: {} }, next)).toBe(promise);
  }
  expect(isThenRead).toBe(false);
});

test('a replay reports nothing', () => {
  const box = new Sandbox();
  box.activator.info.unsafe.isReplaying = true;
  box.start();
  box.activity(1);
  box.activate({ resolveActivity: { seq: 1, result: { completed: {} } } });
  expect(box.told()).toEqual([]);

  box.activator.info.unsafe.isReplaying = false;
  expect(box.told(COMPLETE)).toEqual(['RunWorkflow:Order completed']);
});

test.each([
  ['completed', { completed: {} }, 'completed'],
  ['failed', { failed: { failure: failed('Refused') } }, 'failed Refused'],
  ['failed by its own cancellation', { failed: { failure: CANCELED } }, 'failed ActivityFailure'],
  ['canceled', { cancelled: { failure: CANCELED } }, 'canceled'],
  ['to be tried later', { backoff: {} }, 'backoff'],
])('an activity that is %s', (_, result, status) => {
  const box = new Sandbox();
  box.start();
  box.activity(1);
  box.activate({ resolveActivity: { seq: 1, result } });
  expect(box.told()).toEqual([`StartActivity:charge ${status}`]);
});

test('children, signals and Nexus operations end with their job', () => {
  const box = new Sandbox();
  box.start();
  for (const seq of [1, 2, 3]) {
    box.call('startChildWorkflowExecution', { workflowType: 'Ship', seq }, 'childWorkflowStart');
    box.call('signalWorkflow', { signalName: 'go', seq }, 'signalWorkflow');
    box.call('startNexusOperation', { service: 's', operation: 'o', seq }, 'nexusOperationStart');
  }
  box.activate(
    { resolveChildWorkflowExecutionStart: { seq: 1, failed: { cause: 1 } } },
    { resolveChildWorkflowExecutionStart: { seq: 2, cancelled: { failure: CANCELED } } },
    { resolveChildWorkflowExecutionStart: { seq: 3, succeeded: { runId: 'r' } } },
    { resolveChildWorkflowExecution: { seq: 3, result: { completed: {} } } },
    { resolveSignalExternalWorkflow: { seq: 1 } },
    { resolveSignalExternalWorkflow: { seq: 2, failure: failed('') } },
    { resolveSignalExternalWorkflow: { seq: 3, failure: { canceledFailureInfo: {} } } },
    { resolveNexusOperationStart: { seq: 1, failed: failed('Busy') } },
    { resolveNexusOperationStart: { seq: 2, operationToken: 't' } },
    { resolveNexusOperation: { seq: 2, result: { completed: {} } } },
    { resolveNexusOperation: { seq: 3, result: { timedOut: { timeoutFailureInfo: {} } } } },
  );
  expect(box.told()).toEqual([
    'StartChildWorkflow:Ship failed WorkflowExecutionAlreadyStartedError',
    'StartChildWorkflow:Ship canceled',
    'StartChildWorkflow:Ship completed',
    'SignalWorkflow:go completed',
    'SignalWorkflow:go failed ApplicationFailure',
    'SignalWorkflow:go canceled',
    'StartNexusOperation:s/o failed Busy',
    'StartNexusOperation:s/o completed',
    'StartNexusOperation:s/o failed TimeoutFailure',
  ]);
});

test('an operation that Temporal refuses at once is told at once', () => {
  const box = new Sandbox();
  box.start();
  const start = (next: () => unknown): unknown =>
    box.outbound['scheduleActivity']?.({ activityType: 'charge', seq: 1, headers: {} }, next);
  start(() => new Promise(() => {}));
  const invalid = new TypeError('invalid');
  const refuse = (): never => {
    throw invalid;
  };
  expect(() => start(refuse)).toThrow(invalid);
  box.isScopeCanceled = true;
  start(() => new Promise(() => {}));

  expect(box.told()).toEqual([
    'StartActivity:charge failed _OTHER',
    'StartActivity:charge failed TypeError',
    'StartActivity:charge canceled',
  ]);
});

test.each([
  [{ completeWorkflowExecution: {} }, 'completed'],
  [{ cancelWorkflowExecution: {} }, 'canceled'],
  [{ failWorkflowExecution: { failure: failed('Refused') } }, 'failed Refused'],
  [{ failWorkflowExecution: { failure: { canceledFailureInfo: {} } } }, 'failed CancelledFailure'],
  [{ failWorkflowExecution: { failure: { applicationFailureInfo: { category: 1 } } } }, 'benign'],
])('the command %j closes the run, and what is open with it', (command, status) => {
  const box = new Sandbox();
  box.start();
  box.activity(1);
  box.inbound['handleSignal']?.({ signalName: 'go', headers: {} }, () => new Promise(() => {}));
  // Only the first command that closes the run counts.
  expect(box.told({ scheduleActivity: {} }, command, COMPLETE)).toEqual([
    `RunWorkflow:Order ${status}`,
    'StartActivity:charge unfinished',
    'HandleSignal:go unfinished',
  ]);
});

test('a workflow continues as new only if it ends so', () => {
  const box = new Sandbox();
  box.start();
  const options = { options: { workflowType: 'Order' }, headers: {} };
  box.outbound['continueAsNew']?.(options, () => undefined);
  expect(box.told()).toEqual([]);
  expect(box.told({ continueAsNewWorkflowExecution: {} })).toEqual([
    'ContinueAsNew:Order completed',
    'RunWorkflow:Order continued_as_new',
  ]);
});

test('what is open is told once, by a replay when it is over', () => {
  const box = new Sandbox();
  const begun = (): string[] | undefined => box.concluded()?.begun.map(({ of }) => of);
  const { unsafe } = box.activator.info;
  unsafe.isReplaying = true;
  box.start();
  box.activity(1);
  box.activity(2);
  expect(begun()).toBeUndefined();
  box.activate({ resolveActivity: { seq: 1, result: { completed: {} } } });
  expect(begun()).toBeUndefined();

  unsafe.isReplaying = false;
  const signal = (seq: number): Input =>
    box.call('signalWorkflow', { signalName: 'go', seq }, 'signalWorkflow');
  signal(3);
  expect(box.concluded()).toMatchObject({
    begun: [{ of: 'Order' }, { of: 'charge' }, { of: 'go' }],
    isFirst: true,
  });
  expect(begun()).toBeUndefined();
  signal(4);
  expect(box.concluded()).toMatchObject({ begun: [{ of: 'go' }], isFirst: false });
});

test('a task that waits for a local activity is still open', () => {
  const box = new Sandbox();
  box.start();
  box.activity(1);
  box.conclude();
  const local = { activityType: 'reserve', attempt: 1, seq: 2 };
  box.call('scheduleLocalActivity', local, 'activity');
  box.activate({ resolveActivity: { seq: 1, result: { completed: {} } } });
  expect(box.concluded()).toMatchObject({
    ended: [{ of: 'charge' }],
    begun: [{ of: 'reserve' }],
    isTaskOpen: true,
  });
  box.activate({ resolveActivity: { seq: 2, result: { completed: {} } } });
  expect(box.concluded()).toMatchObject({ ended: [{ of: 'reserve' }], begun: [], isTaskOpen: false });
});

test('the handler of a signal ends with its promise', async () => {
  const box = new Sandbox();
  box.start();
  const error = (name: string, more: object = {}): Error => Object.assign(new Error('no'), { name, ...more });
  const handle = async (signalName: string, ended: Promise<unknown>): Promise<void> => {
    const promise = box.inbound['handleSignal']?.({ signalName, headers: {} }, () => ended);
    expect(promise).toBe(ended);
    await ended.catch(() => {});
  };
  await handle('go', Promise.resolve());
  await handle('chosen by a caller', Promise.resolve());
  await handle('go', Promise.reject(error('ApplicationFailure', { type: 'Refused' })));
  await handle('go', Promise.reject(error('CancelledFailure')));
  box.activator.cancelled = true;
  await handle('go', Promise.reject(error('ActivityFailure', { cause: error('CancelledFailure') })));

  expect(box.told()).toEqual([
    'HandleSignal:go completed',
    'HandleSignal:_OTHER completed',
    'HandleSignal:go failed Refused',
    'HandleSignal:go failed CancelledFailure',
    'HandleSignal:go canceled',
  ]);
});

test('an update ends with the response that the service gets', () => {
  const box = new Sandbox();
  box.start();
  const ids = ['1', '2', '3', '4', '5'];
  for (const id of ids) {
    const name = id === '5' ? 'chosen by a caller' : 'add';
    box.activate({ doUpdate: { id, name, protocolInstanceId: `p${id}`, headers: headers() } });
    if (id < '4') box.inbound['handleUpdate']?.({ name, updateId: id, headers: {} }, () => undefined);
  }
  const respond = (id: string, response: object): object => ({
    updateResponse: { protocolInstanceId: `p${id}`, ...response },
  });
  const accepted = ids.slice(0, 3).map((id) => respond(id, { accepted: {} }));
  expect(box.told(...accepted)).toEqual([]);

  const { ended = [] } =
    box.concluded(
      respond('1', { completed: {} }),
      respond('2', { rejected: failed('BadLuck') }),
      respond('4', { rejected: failed('TooLittle') }),
      respond('5', { rejected: failed('') }),
      COMPLETE,
    ) ?? {};
  expect(ended.map(textOf)).toEqual([
    'HandleUpdate:add completed',
    'HandleUpdate:add failed BadLuck',
    'HandleUpdate:add rejected TooLittle',
    'HandleUpdate:_OTHER rejected ApplicationFailure',
    'RunWorkflow:Order completed',
    'HandleUpdate:add unfinished',
  ]);
  // The history does not contain a rejected update.
  expect(ended[2]).toMatchObject({ traceId: PARENT.traceId, spanId: undefined });
});

test('queries have no ids of their own, and are answered in real time', () => {
  const box = new Sandbox();
  for (const [queryId, queryName] of [
    ['1', 'told'],
    ['2', 'chosen by a caller'],
  ])
    box.inbound['handleQuery']?.({ queryName, queryId, headers: {} }, () => undefined);

  const [report] = box.conclude(
    { respondToQuery: { queryId: '1', succeeded: {} } },
    { respondToQuery: { queryId: '2', failed: failed('ReferenceError') } },
  );
  expect(report?.fnName).toBe('answered');
  const queries = report?.args[0] as Ended[];
  expect(queries.map(textOf)).toEqual([
    'HandleQuery:told completed',
    'HandleQuery:_OTHER failed ReferenceError',
  ]);
  expect(queries[0]).toMatchObject({ traceId: undefined, spanId: undefined, startedAt: NOW });
});

test('a fault in the observer does not reach the workflow', () => {
  const box = new Sandbox();
  // Without headers, the observer throws.
  const input = { activityType: 'a', seq: 1 };
  expect(box.outbound['scheduleActivity']?.(input, (given) => given)).toBe(input);
  box.activate({ resolveActivity: undefined as never });
  expect(box.conclude(null as never)).toEqual([]);

  const fail = (): never => {
    throw new Error('theirs');
  };
  expect(() => box.inbound['execute']?.({ headers: {} }, fail)).toThrow('theirs');
});

test('a trace context set by an interceptor of the application is left alone', () => {
  const box = new Sandbox();
  const target = (given: Input['headers']) => ({ signalName: 's', seq: 1, headers: given });
  expect(box.call('signalWorkflow', target(headers()), 'signalWorkflow').headers).toEqual(headers());
  const counting = new Sandbox({ traced: false });
  expect(counting.call('signalWorkflow', target({}), 'signalWorkflow').headers).toEqual({});
});

test('the headers of a Nexus operation are those of HTTP', () => {
  const box = new Sandbox();
  box.start(headers());
  const operation = { service: 's', operation: 'o', seq: 1 };
  const { headers: sent } = box.call('startNexusOperation', operation, 'nexusOperationStart');
  expect(sent).toEqual({
    traceparent: expect.stringMatching(`^00-${PARENT.traceId}-[0-9a-f]{16}-01$`),
    tracestate: 'vendor=1',
    baggage: 'a=b',
  });
});
