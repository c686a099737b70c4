import type { Channel, Deadline, Metadata, StatusObject } from '@grpc/grpc-js';
import type { Attributes, Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { methodOf, statusName } from '../semconv/grpc.js';
import { splitGrpcTarget } from '../semconv/grpc-target.js';
import { RPC_CLIENT } from '../semconv/rpc.js';
import { leaveOutSubchannels, observeGrpcRequests } from './http2/grpc-requests.js';

/**
 * Calls of all four kinds made with `@grpc/grpc-js`. They are observed at the channel, which is below the application's
 * interceptors and above the retries of a service config: one call, however many attempts. A call begins when the
 * request is started and ends with the status, which grpc-js delivers exactly once. Calls of other clients are observed at
 * their streams.
 */
export const grpcClient: Instrumentation = {
  name: 'grpc-client',
  aliases: ['grpc'],
  observes: 'Calls of gRPC made with @grpc/grpc-js 1.8 and later, or with node:http2',
  conventions: [RPC_CLIENT],
  targets: [
    {
      package: '@grpc/grpc-js',
      versions: '^1.8.0',
      file: 'build/src/index.js',
      attach: ({ Channel }, calls, guard) => observeChannel(Channel.prototype, calls, guard),
    },
    {
      package: '@grpc/grpc-js',
      versions: '^1.8.0',
      file: 'build/src/subchannel.js',
      attach: ({ Subchannel }) => leaveOutSubchannels(Subchannel.prototype),
    },
    {
      builtin: 'node:http2',
      attach: (_http2, calls, guard) => observeGrpcRequests(calls, guard),
    },
  ],
};

type CreateCall = (this: Channel, method: string, deadline: Deadline, ...rest: unknown[]) => GrpcCall;

/** The `Call` interface of grpc-js, which it does not export. */
interface GrpcCall {
  start(metadata: Metadata, listener: Listener): void;
  sendMessageWithContext(...args: unknown[]): void;
}

interface Listener {
  onReceiveMetadata(metadata: Metadata): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: StatusObject): void;
}

function observeChannel(prototype: object, calls: Calls, guard: Guard): void {
  const observe = guard((channel: Channel, grpcCall: GrpcCall, method: string, deadline: Deadline) =>
    observeCall(grpcCall, { method: methodOf(method), channel, deadline }, calls, guard),
  );
  const limit = guard((deadline: Deadline) => earliest(deadline, calls.deadline));
  patch<CreateCall>(
    prototype,
    'createCall',
    (createCall) =>
      function (method, deadline, ...rest) {
        const limited = limit(deadline) ?? deadline;
        const grpcCall = createCall.call(this, method, limited, ...rest);
        observe(this, grpcCall, method, limited);
        return grpcCall;
      },
  );
}

function earliest(deadline: Deadline, limit: number | undefined): Deadline {
  return limit !== undefined && Number(deadline) > limit ? limit : deadline;
}

interface CallInfo {
  readonly method: string;
  readonly channel: Channel;
  readonly deadline: Deadline;
}

/** Opens the call only when the request is started. An interceptor may answer instead, and then there is no call. */
function observeCall(
  grpcCall: GrpcCall,
  { method, channel, deadline }: CallInfo,
  calls: Calls,
  guard: Guard,
): void {
  const { start, sendMessageWithContext } = grpcCall;
  const messages = { sent: 0, received: 0 };
  const open = guard((metadata: Metadata) =>
    calls.open({
      kind: 'client',
      convention: RPC_CLIENT,
      route: method,
      injectInto: {
        get: (name) => metadata.get(name).join(',') || undefined,
        set: (name, value) => metadata.set(name, value),
      },
      attributes: labelsOf(channel),
      spanAttributes: () => ({ 'redhook.grpc.timeout': secondsUntil(deadline) }),
    }),
  );
  const noteAttempts = guard((call: Call, metadata: Metadata) => {
    if (call.isRecorded) call.set(attemptsIn(metadata));
  });
  const end = guard((call: Call, { code, metadata }: StatusObject) => {
    if (call.isRecorded)
      call.set({
        'redhook.grpc.messages.sent': messages.sent,
        'redhook.grpc.messages.received': messages.received,
        ...attemptsIn(metadata),
      });
    call.end({ code: statusName(code) });
  });

  grpcCall.sendMessageWithContext = (...args) => {
    messages.sent += 1;
    sendMessageWithContext.apply(grpcCall, args);
  };
  // An interceptor may start the request later, in another context. The call belongs to the context that made it.
  grpcCall.start = calls.bind((metadata: Metadata, listener: Listener) => {
    // Copied, because the application may reuse its metadata for further requests.
    const copy = metadata.clone();
    const call = open(copy);
    if (call === undefined) {
      start.call(grpcCall, metadata, listener);
      return;
    }
    // grpc-js calls the listener from the connection, which another request may have opened.
    start.call(grpcCall, copy, {
      onReceiveMetadata: calls.bind((received: Metadata) => {
        noteAttempts(call, received);
        listener.onReceiveMetadata(received);
      }),
      onReceiveMessage: calls.bind((message: unknown) => {
        messages.received += 1;
        listener.onReceiveMessage(message);
      }),
      onReceiveStatus: calls.bind((status: StatusObject) => {
        end(call, status);
        listener.onReceiveStatus(status);
      }),
    });
  });
}

type Target = ReturnType<typeof splitGrpcTarget>;

const targets = privateField<Target>();

function labelsOf(channel: Channel): Attributes {
  const { address, port } = targetOf(channel);
  return { 'rpc.system.name': 'grpc', 'server.address': address, 'server.port': port };
}

function targetOf(channel: Channel): Target {
  const known = targets.get(channel);
  if (known !== undefined) return known;
  const target = splitGrpcTarget(channel.getTarget());
  targets.set(channel, target);
  return target;
}

function secondsUntil(deadline: Deadline): number | undefined {
  const seconds = (Number(deadline) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
}

/** The number of failed attempts before the one that counted, if a service config retries. */
function attemptsIn(metadata: Metadata): Attributes {
  const [attempts] = metadata.get('grpc-previous-rpc-attempts');
  return attempts === undefined ? {} : { 'redhook.grpc.previous_attempts': Number(attempts) };
}
