import {
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonObject,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';

/** Calls one method of a service. */
export type Call = (method: string, request: JsonObject, deadline: number) => Promise<JsonObject>;

export interface Backend {
  readonly call: Call;
  close(): void;
}

/** A client of a service by its descriptor, without generated code. Messages are in JSON. */
export function connectTo(address: string, registry: FileRegistry, service: string): Backend {
  const description = registry.getService(service);
  if (description === undefined) throw new Error(`the image has no service ${service}`);
  const client = new Client(address, credentials.createInsecure());
  return {
    call(name, request, deadline) {
      const method = description.methods.find((each) => each.name === name);
      if (method === undefined) throw new Error(`${service} has no method ${name}`);
      const { input, output } = method;
      return new Promise((resolve, reject) =>
        client.makeUnaryRequest<JsonObject, JsonObject>(
          `/${service}/${name}`,
          (message) => Buffer.from(toBinary(input, fromJson(input, message))),
          (bytes) => toJson(output, fromBinary(output, bytes)) as JsonObject,
          request,
          { deadline },
          (error: ServiceError | null, answer) => (error === null ? resolve(answer ?? {}) : reject(error)),
        ),
      );
    },
    close: () => client.close(),
  };
}
