import {
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import {
  type MethodDefinition,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';

/** Answers one message, or several one after the other. Messages are in JSON. */
export type Handler = (
  request: JsonObject,
  call: Call,
) => JsonObject | Promise<JsonObject> | AsyncIterable<JsonObject>;

export type Call = ServerUnaryCall<JsonObject, JsonObject> | ServerWritableStream<JsonObject, JsonObject>;

/** An error with a code of gRPC. */
export class CallError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** Adds a service to a server by its descriptor, without generated code. */
export function serve(
  server: Server,
  registry: FileRegistry,
  name: string,
  handlers: Readonly<Record<string, Handler>>,
): void {
  const service = registry.getService(name);
  if (service === undefined) throw new Error(`the image has no service ${name}`);
  const methods = service.methods.filter((method) => Object.hasOwn(handlers, method.name));
  server.addService(
    Object.fromEntries(methods.map((method) => [method.name, definitionOf(method, registry)])),
    Object.fromEntries(
      methods.map((method) => {
        const handler = handlers[method.name] as Handler;
        return [method.name, method.methodKind === 'unary' ? unary(handler) : streaming(handler)];
      }),
    ),
  );
}

function definitionOf(
  { parent, name, input, output, methodKind }: DescService['methods'][number],
  registry: FileRegistry,
): MethodDefinition<JsonObject, JsonObject> {
  const encode = (type: DescMessage) => (message: JsonObject) =>
    Buffer.from(toBinary(type, fromJson(type, message, { registry })));
  const decode = (type: DescMessage) => (bytes: Buffer) =>
    toJson(type, fromBinary(type, bytes), { registry, alwaysEmitImplicit: true }) as JsonObject;
  return {
    path: `/${parent.typeName}/${name}`,
    requestStream: false,
    responseStream: methodKind === 'server_streaming',
    requestSerialize: encode(input),
    requestDeserialize: decode(input),
    responseSerialize: encode(output),
    responseDeserialize: decode(output),
  };
}

function unary(handler: Handler) {
  return async (
    call: ServerUnaryCall<JsonObject, JsonObject>,
    answer: sendUnaryData<JsonObject>,
  ): Promise<void> => {
    try {
      answer(null, (await handler(call.request, call)) as JsonObject);
    } catch (error) {
      answer(errorOf(error));
    }
  };
}

function streaming(handler: Handler) {
  return async (call: ServerWritableStream<JsonObject, JsonObject>): Promise<void> => {
    try {
      for await (const message of handler(call.request, call) as AsyncIterable<JsonObject>) {
        if (call.cancelled) return;
        if (!call.write(message)) await drained(call);
      }
      call.end();
    } catch (error) {
      call.emit('error', errorOf(error));
    }
  };
}

/** Waits until a client has read what was written, or has left. */
function drained(call: ServerWritableStream<JsonObject, JsonObject>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done).off('cancelled', done);
      resolve();
    };
    call.on('drain', done).on('cancelled', done);
  });
}

function errorOf(error: unknown): Partial<ServiceError> {
  if (error instanceof CallError) return { code: error.code, details: error.message };
  if (error instanceof Error && 'code' in error) return error as ServiceError;
  return { code: status.INTERNAL, details: 'the service failed' };
}
