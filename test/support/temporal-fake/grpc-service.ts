/** The WorkflowService over grpc-js, defined by the reflection data in `@temporalio/proto`. */
import { createRequire } from 'node:module';
import type * as Grpc from '@grpc/grpc-js';
import type { Handlers } from './api.js';
import { toServerError } from './status.js';

interface MessageType {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

interface ReflectedMethod {
  name: string;
  path: string;
  resolvedRequestType: MessageType;
  resolvedResponseType: MessageType;
}

interface Root {
  lookupService(name: string): { methodsArray: { resolve(): ReflectedMethod }[] };
}

const require = createRequire(import.meta.url);

export function serviceDefinition(): Grpc.ServiceDefinition {
  const root: Root = require('@temporalio/proto/protos/json-module.js');
  const { methodsArray } = root.lookupService('temporal.api.workflowservice.v1.WorkflowService');
  return Object.fromEntries(
    methodsArray.map((method) => {
      const { name, path, resolvedRequestType, resolvedResponseType } = method.resolve();
      return [
        name[0]?.toLowerCase() + name.slice(1),
        {
          path,
          requestStream: false,
          responseStream: false,
          ...serializers('request', resolvedRequestType),
          ...serializers('response', resolvedResponseType),
        },
      ];
    }),
  ) as unknown as Grpc.ServiceDefinition;
}

function serializers(side: 'request' | 'response', type: MessageType): object {
  return {
    [`${side}Serialize`]: (message: object) => type.encode(message).finish(),
    [`${side}Deserialize`]: (bytes: Uint8Array) => type.decode(bytes),
  };
}

/** The handlers as grpc-js expects them. It answers a method without a handler with UNIMPLEMENTED. */
export function serviceImplementation(handlers: Handlers): Grpc.UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [name, unary(handler as UnaryHandler)]),
  );
}

type UnaryHandler = (request: object, signal: AbortSignal) => unknown;

function unary(handler: UnaryHandler): Grpc.handleUnaryCall<object, unknown> {
  return async (call, answer) => {
    const cancellation = new AbortController();
    call.on('cancelled', () => cancellation.abort());
    try {
      answer(null, await handler(call.request, cancellation.signal));
    } catch (error) {
      answer(toServerError(error));
    }
  };
}
