import {
  create,
  type DescMessage,
  fromBinary,
  fromJson,
  fromJsonString,
  type JsonObject,
  type Message,
  mergeFromJson,
  type Registry,
} from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import { holdsAnyJson, mayRound, parseExactly } from './exact-integers.ts';
import { fieldsOf, hasText, setText } from './field-text.ts';
import { createHttpBody, isHttpBody } from './http-body.ts';
import { type Binding, singleMessage } from './image.ts';
import { mediaTypeOf, PROTOBUF } from './media-types.ts';
import { GatewayError } from './status.ts';

/** What of an HTTP request becomes the message. */
export interface HttpInput {
  /** The values of the variables of the template. */
  readonly captured: readonly string[];
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Builds the request message of a binding: from the body, then the query, then the path, which wins. The rules of ProtoJSON
 * read every value. Throws a `GatewayError` with INVALID_ARGUMENT.
 */
export function bindRequest(binding: Binding, input: HttpInput, registry: Registry): Message {
  const { method, template, body } = binding;
  const message = body === '' ? create(method.input) : bindBody(binding, input, registry);
  const overlay: JsonObject = {};
  if (body !== '*') for (const [key, value] of input.query) setQuery(overlay, binding, key, value);
  template.variables.forEach(({ fieldPath }, i) => {
    setText(overlay, fieldsOf(method.input, fieldPath) ?? [], input.captured[i] ?? '');
  });
  return invalidArgument(() => mergeFromJson(method.input, message, overlay, { registry }));
}

function bindBody(
  { method, body }: Binding,
  { contentType, body: bytes }: HttpInput,
  registry: Registry,
): Message {
  const field = body === '*' ? undefined : method.input.fields.find(({ name }) => name === body);
  const type = field === undefined ? method.input : singleMessage(field);
  if (type !== undefined && isHttpBody(type)) {
    const value = createHttpBody(type, { contentType, data: bytes });
    return field === undefined
      ? value
      : create(method.input, { [field.localName]: value } as Record<string, unknown>);
  }
  if (mediaTypeOf(contentType) === PROTOBUF) {
    if (type === undefined)
      throw new GatewayError(3, `the body of ${method.name} is no message, expected JSON`);
    const value = invalidArgument(() => fromBinary(type, bytes));
    return field === undefined
      ? value
      : create(method.input, { [field.localName]: value } as Record<string, unknown>);
  }
  if (bytes.length === 0) return create(method.input);
  return invalidArgument(() => {
    const text = UTF8.decode(bytes);
    if (field === undefined) return readJson(method.input, text, registry);
    // Only a text that is one value by itself stays inside its field.
    JSON.parse(text);
    return readJson(method.input, `{${JSON.stringify(field.jsonName)}:${text}}`, registry);
  });
}

/** Integers stay exact where no field takes JSON of any shape. */
function readJson(type: DescMessage, text: string, registry: Registry): Message {
  const options = { registry, ignoreUnknownFields: true };
  if (!mayRound(text) || holdsAnyJson(type)) return fromJsonString(type, text, options);
  // Only the reader of texts refuses keys that stand twice.
  fromJsonString(EmptySchema, text, options);
  return fromJson(type, parseExactly(text), options);
}

/** Refuses what is no UTF-8, and leaves out a byte order mark, as RFC 8259 (section 8.1) allows. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A query parameter names a field by the names in the proto or in JSON, with dots between messages. Fields of the body are not
 * for the query.
 */
function setQuery(target: JsonObject, { method, body }: Binding, key: string, text: string): void {
  const fields = fieldsOf(method.input, key.split('.'));
  if (fields === undefined) throw new GatewayError(3, `there is no field "${key}"`);
  if (fields[0]?.name === body) return;
  if (!hasText(fields)) throw new GatewayError(3, `"${key}" cannot be set by a query parameter`);
  setText(target, fields, text);
}

function invalidArgument<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new GatewayError(3, error instanceof Error ? error.message : String(error));
  }
}
