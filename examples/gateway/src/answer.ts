import { type DescMessage, fromBinary, type JsonValue, type Registry, toJson } from '@bufbuild/protobuf';
import type { HttpBody } from './http-body.ts';
import { type Binding, singleMessage } from './image.ts';
import { GatewayError } from './status.ts';

/** The type of what a binding answers: its message, or one field of it. `undefined` where that field is no single message. */
export function answerType({ method, responseBody }: Binding): DescMessage | undefined {
  const field = answerField({ method, responseBody });
  return field === undefined ? method.output : singleMessage(field);
}

/** A message of the backend in JSON. Throws a `GatewayError` with INTERNAL if it cannot be read. */
export function answerJson(
  { method, responseBody }: Binding,
  bytes: Uint8Array,
  registry: Registry,
): JsonValue {
  const field = answerField({ method, responseBody });
  const json = readable(
    () =>
      toJson(method.output, fromBinary(method.output, bytes), { registry, alwaysEmitImplicit: true }) as Json,
  );
  return field === undefined ? json : (json[field.jsonName] ?? null);
}

/** A message of the backend that is a body of any content. Throws a `GatewayError` with INTERNAL if it cannot be read. */
export function answerHttpBody({ method, responseBody }: Binding, bytes: Uint8Array): HttpBody {
  const field = answerField({ method, responseBody });
  const message = readable(() => fromBinary(method.output, bytes)) as unknown as Record<string, unknown>;
  const { contentType, data } = (
    field === undefined ? message : (message[field.localName] ?? {})
  ) as Partial<HttpBody>;
  return { contentType: contentType || 'application/octet-stream', data: data ?? new Uint8Array() };
}

type Json = Readonly<Record<string, JsonValue>>;

function answerField({ method, responseBody }: Pick<Binding, 'method' | 'responseBody'>) {
  return responseBody === '' ? undefined : method.output.fields.find(({ name }) => name === responseBody);
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new GatewayError(13, `the backend sent a message that cannot be read: ${(error as Error).message}`);
  }
}
