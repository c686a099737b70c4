import type { AsyncLocalStorage } from 'node:async_hooks';
import type { Call, Calls, Guard } from '../../instrumentation.js';
import { patch } from '../../patching/patch.js';
import { statusName } from '../../semconv/grpc.js';
import { RPC_CLIENT } from '../../semconv/rpc.js';
import { TEMPORAL_LONG_RPC, TEMPORAL_RPC } from '../../semconv/temporal.js';

/** What sends a request to the service: grpc-js in clients, Temporal's core in workers. */
type Transport = 'grpc-js' | 'native';
type Callback = (error: { readonly code?: number } | null, ...rest: unknown[]) => void;

interface Method {
  readonly name: string;
  /** The service as protobufjs names it: `.temporal.api.workflowservice.v1.WorkflowService`. */
  readonly parent?: { readonly fullName?: string } | null;
}

/** Long polls: the service answers them when something has happened, or after a minute. */
const LONG = new Set(['GetWorkflowExecutionHistory', 'UpdateWorkflowExecution', 'DescribeTaskQueue']);

function isLong(name: string): boolean {
  return name.startsWith('Poll') || LONG.has(name);
}

type Rpc = (method: Method, data: Uint8Array, callback: Callback) => unknown;
type Generate = (this: unknown, options: { readonly serviceName: string }) => Rpc;

/** Observes requests over grpc-js. They are calls of Temporal, so `grpc-client` does not count them again. */
export function observeGrpcRequests(connection: object, calls: Calls, guard: Guard): void {
  const open = createOpen('grpc-js', calls, guard);
  patch<Generate>(
    connection,
    'generateRPCImplementation',
    (generate) =>
      function (options) {
        const send = generate.call(this, options);
        return (method, data, callback) => {
          const call = open(options.serviceName, method.name);
          if (call === undefined) return send(method, data, callback);
          return call.run(send, undefined, method, data, endingCall(call, callback, calls, guard));
        };
      },
  );
}

interface NativeConnection {
  readonly callContextStorage?: AsyncLocalStorage<CallContext>;
}

interface CallContext {
  readonly deadline?: number | Date;
}

type SendRequest = (
  this: NativeConnection,
  send: unknown,
  method: Method,
  data: Uint8Array,
  callback: Callback,
) => void;

/** Observes requests over the connection of a worker. Requests that Temporal's core makes itself cannot be observed. */
export function observeNativeRequests(prototype: object, calls: Calls, guard: Guard): void {
  // Before 1.12, only workers could use these connections.
  if (!('sendRequest' in prototype)) return;
  const open = createOpen('native', calls, guard);
  const limit = guard(({ callContextStorage: storage }: NativeConnection) => {
    const { deadline } = calls;
    const current = storage?.getStore();
    if (deadline === undefined || Number(current?.deadline) <= deadline) return undefined;
    return { ...current, deadline };
  });
  patch<SendRequest>(
    prototype,
    'sendRequest',
    (sendRequest) =>
      function (send, method, data, callback) {
        const limited = limit(this);
        const call = open(method.parent?.fullName?.slice(1) ?? '', method.name);
        const request = (): void =>
          call === undefined
            ? sendRequest.call(this, send, method, data, callback)
            : call.run(sendRequest, this, send, method, data, endingCall(call, callback, calls, guard));
        return limited === undefined ? request() : this.callContextStorage?.run(limited, request);
      },
  );
}

function createOpen(transport: Transport, calls: Calls, guard: Guard) {
  return guard((service: string, name: string) =>
    calls.open({
      kind: 'client',
      convention: isLong(name) ? TEMPORAL_LONG_RPC : TEMPORAL_RPC,
      suppresses: RPC_CLIENT,
      // A client that waits for a result may poll hundreds of times. The operation has a span, so its polls need none.
      traced: !isLong(name),
      route: `${service}/${name}`,
      attributes: { 'temporal.transport': transport },
    }),
  );
}

function endingCall(call: Call, callback: Callback, calls: Calls, guard: Guard): Callback {
  const end = guard((error: { readonly code?: number } | null) =>
    call.end({ code: statusName(error === null ? 0 : error.code) }),
  );
  return calls.bind((error, ...rest) => {
    end(error);
    callback(error, ...rest);
  });
}
