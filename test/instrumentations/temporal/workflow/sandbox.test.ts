import { AsyncLocalStorage } from 'node:async_hooks';
import vm from 'node:vm';
import { expect, test, vi } from 'vitest';
import { type Ended, observeWorkflows } from '../../../../src/instrumentations/temporal/workflow/sandbox.js';
import { unreadable } from '../../../support/unreadable.js';

const HEADER = '_tracer-data';
const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const RUN_ID = '01a206e1-36c6-7435-8fc4-a6ec84e4c017';

type Interceptor = Record<
  string,
  (input: object, next: (input: Input) => Promise<unknown>) => Promise<unknown>
>;

interface Input {
  headers: Record<string, { data: Uint8Array }>;
}

interface Sandbox {
  inbound: Interceptor;
  outbound: Interceptor;
  activity: Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>;
  /** The operations reported to the main thread. */
  ended(): Ended[];
}

/** Creates a sandbox with only Temporal's globals, and loads the observer into it as text. */
function sandbox({ traced = true }: { traced?: boolean } = {}): Sandbox {
  const activity: Sandbox['activity'] = new Map();
  const activator = {
    info: { runId: RUN_ID, workflowType: 'Order' },
    sinkCalls: [],
    completions: { activity },
  };
  const context = vm.createContext({
    AsyncLocalStorage,
    TextEncoder,
    TextDecoder,
    __TEMPORAL_ACTIVATOR__: activator,
    __TEMPORAL__: { importInterceptors: () => [{ interceptors: () => ({ theirs: true }) }] },
  });
  const options = JSON.stringify({ sink: 'sink', header: HEADER, traced });
  vm.runInContext(`(${observeWorkflows})(__TEMPORAL__, ${options})`, context);
  const [ours, theirs] = vm.runInContext('__TEMPORAL__.importInterceptors()', context);
  expect(theirs.interceptors()).toEqual({ theirs: true });
  const { inbound, outbound } = ours.interceptors();
  return {
    inbound: inbound[0],
    outbound: outbound[0],
    activity,
    ended: () => (activator.sinkCalls as { args: Ended[] }[]).map(({ args }) => ({ ...args[0] }) as Ended),
  };
}

function headers({ traceId, spanId } = PARENT, flags = '01'): Input['headers'] {
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  const data = JSON.stringify({ traceparent, tracestate: 'vendor=1', baggage: 'a=b' });
  return { [HEADER]: { data: Buffer.from(data) } };
}

function traceOf(input: Input): unknown {
  const payload = input.headers[HEADER];
  return payload && JSON.parse(Buffer.from(payload.data).toString());
}

/** Runs a workflow that executes one activity. */
async function runOnce(box: Sandbox, given: Input['headers']): Promise<Input | undefined> {
  let sent: Input | undefined;
  const schedule = (input: Input): Promise<unknown> => {
    sent = input;
    return new Promise((resolve, reject) => box.activity.set(7, { resolve, reject }));
  };
  const workflow = async (): Promise<unknown> => {
    const done = box.outbound['scheduleActivity']?.(
      { activityType: 'charge', seq: 7, headers: {} },
      schedule,
    );
    box.activity.get(7)?.resolve('charged');
    return done;
  };
  expect(await box.inbound['execute']?.({ headers: given }, workflow)).toBe('charged');
  return sent;
}

test('a run is a child of the call that started it, and its activity is a child of the run', async () => {
  const box = sandbox();

  const sent = await runOnce(box, headers());

  const [activity, run] = box.ended();
  expect(run).toMatchObject({
    name: 'RunWorkflow',
    of: 'Order',
    traceId: PARENT.traceId,
    parentSpanId: PARENT.spanId,
    sampled: true,
    traceState: 'vendor=1',
    error: undefined,
  });
  expect(activity).toMatchObject({ name: 'StartActivity', of: 'charge', parentSpanId: run?.spanId });
  expect(traceOf(sent as Input)).toEqual({
    traceparent: `00-${PARENT.traceId}-${activity?.spanId}-01`,
    tracestate: 'vendor=1',
    baggage: 'a=b',
  });
});

test('ids are the same after a replay and differ from each other', async () => {
  const [first, second] = [sandbox(), sandbox()];
  await runOnce(first, headers());
  await runOnce(second, headers());

  const ids = first.ended().map(({ spanId }) => spanId);
  expect(second.ended().map(({ spanId }) => spanId)).toEqual(ids);
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
});

test('a run without a parent starts its own trace, and the decision not to sample is passed on', async () => {
  const [alone, unsampled] = [sandbox(), sandbox()];
  await runOnce(alone, {});
  await runOnce(unsampled, headers(PARENT, '00'));

  expect(alone.ended()[1]).toMatchObject({
    traceId: RUN_ID.replaceAll('-', ''),
    parentSpanId: undefined,
    sampled: true,
  });
  expect(unsampled.ended()[1]).toMatchObject({ sampled: false });
});

test('the promise of an outbound operation is returned untouched, so an unhandled rejection stays one', async () => {
  const box = sandbox();
  const promise = new Promise(() => {});
  box.activity.set(1, { resolve: () => {}, reject: () => {} });
  const start = box.outbound['scheduleActivity'];

  expect(start?.({ activityType: 'a', seq: 1, headers: {} }, () => promise)).toBe(promise);

  // Adding a handler reads `then`.
  let isThenRead = false;
  Object.defineProperty(promise, 'then', { get: () => (isThenRead = true) });
  box.activity.set(2, { resolve: () => {}, reject: () => {} });
  start?.({ activityType: 'a', seq: 2, headers: {} }, () => promise);
  expect(isThenRead).toBe(false);
});

test('a failure is reported with its type, and handlers of signals, updates and queries are calls', async () => {
  const box = sandbox();
  const failure = Object.assign(new Error('no money'), {
    name: 'ApplicationFailure',
    type: 'InsufficientFunds',
  });
  const fail = () => Promise.reject(failure);
  const succeed = () => Promise.resolve('ok');

  await expect(box.inbound['handleSignal']?.({ signalName: 's', headers: {} }, fail)).rejects.toBe(failure);
  await box.inbound['handleUpdate']?.({ name: 'u', updateId: '1', headers: {} }, succeed);
  await box.inbound['handleQuery']?.({ queryName: 'q', queryId: '1', headers: {} }, succeed);

  expect(box.ended().map(({ name, of, error }) => [name, of, error?.type])).toEqual([
    ['HandleSignal', 's', 'InsufficientFunds'],
    ['HandleUpdate', 'u', undefined],
    ['HandleQuery', 'q', undefined],
  ]);
});

test.each([
  ['null', null, 'Error'],
  ['undefined', undefined, 'Error'],
  ['a text', 'no money', 'Error'],
  ['an error that throws when it is read', unreadable(), 'Error'],
  ['an error with an odd name', Object.assign(new Error(), { name: Symbol('odd') }), 'Symbol(odd)'],
])('a workflow may throw %s', async (_, thrown, name) => {
  const box = sandbox();
  const reject = vi.fn();
  box.activity.set(1, { resolve: () => {}, reject });

  box.outbound['scheduleActivity']?.({ activityType: 'a', seq: 1, headers: {} }, () => new Promise(() => {}));
  box.activity.get(1)?.reject(thrown);
  await box.inbound['execute']?.({ headers: {} }, () => Promise.reject(thrown)).catch(() => {});

  expect(reject.mock.calls[0]?.[0] === thrown).toBe(true);
  expect(box.ended().map(({ error }) => error?.name)).toEqual([name, name]);
});

test('a fault in the observer does not reach the workflow', async () => {
  const box = sandbox();
  const next = (input: object): Promise<unknown> => Promise.resolve(input);
  // An input without headers makes the observer throw.
  const input = { activityType: 'a', seq: 1 };
  expect(await box.outbound['scheduleActivity']?.(input, next)).toBe(input);

  const fail = (): never => {
    throw new Error('theirs');
  };
  expect(() => box.inbound['execute']?.({ headers: {} }, fail)).toThrow('theirs');
});

test('a trace context set by an interceptor of the application is left alone', async () => {
  const theirs = headers();
  const box = sandbox();
  const sent: Input[] = [];
  const next = (input: Input): Promise<unknown> => Promise.resolve(sent.push(input));
  await box.outbound['signalWorkflow']?.({ signalName: 's', seq: 1, headers: theirs }, next);
  await sandbox({ traced: false }).outbound['signalWorkflow']?.(
    { signalName: 's', seq: 1, headers: {} },
    next,
  );

  expect(sent.map(({ headers }) => headers)).toEqual([theirs, {}]);
});
