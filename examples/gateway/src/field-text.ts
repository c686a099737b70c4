import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from '@bufbuild/protobuf';
import { isSingleValue } from './schemas.ts';
import { GatewayError } from './status.ts';

/** The fields that lead through messages to the last name, by the names in the proto or in JSON. `undefined` if one is missing. */
export function fieldsOf(type: DescMessage, names: readonly string[]): DescField[] | undefined {
  const fields: DescField[] = [];
  let inside: DescMessage | undefined = type;
  for (const name of names) {
    const field: DescField | undefined = inside?.fields.find(
      (each) => each.name === name || each.jsonName === name,
    );
    if (field === undefined) return undefined;
    fields.push(field);
    inside = field.fieldKind === 'message' ? field.message : undefined;
  }
  return fields;
}

/** Whether the last of these fields can have its value from a text. */
export function hasText(fields: readonly DescField[]): boolean {
  const last = fields.at(-1);
  if (last === undefined || last.fieldKind === 'map') return false;
  return last.message === undefined || isSingleValue(last.message);
}

/**
 * Sets the value of the last of these fields in a message in JSON, or adds it to a list. Throws a `GatewayError` with
 * INVALID_ARGUMENT.
 */
export function setText(message: JsonObject, fields: readonly DescField[], text: string): void {
  const last = fields.at(-1);
  if (last === undefined) return;
  let holder = message;
  for (const { jsonName } of fields.slice(0, -1)) {
    holder[jsonName] ??= {};
    holder = holder[jsonName] as JsonObject;
  }
  const value = jsonOf(last, text);
  if (last.fieldKind === 'list') {
    holder[last.jsonName] ??= [];
    (holder[last.jsonName] as JsonValue[]).push(value);
  } else holder[last.jsonName] = value;
}

/**
 * A text as ProtoJSON has it. Only truth values and the numbers of enums are no strings there. Numbers and bytes are checked,
 * because the reader of ProtoJSON also takes what JavaScript does: `0x10`, and a space in base64, which a `+` becomes in a
 * query.
 */
function jsonOf(field: DescField, text: string): JsonValue {
  if (field.enum !== undefined) return INTEGER.test(text) ? Number(text) : text;
  switch (scalarOf(field)) {
    case ScalarType.BOOL:
      return text === 'true' ? true : text === 'false' ? false : text;
    case ScalarType.BYTES:
      return valid(field, text, BASE64);
    case ScalarType.STRING:
    case undefined:
      return text;
    default:
      return valid(field, text, NUMBER);
  }
}

const INTEGER = /^-?\d+$/;
const NUMBER = /^(-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|-?Infinity)$/i;
const BASE64 = /^[\w\-+/]*={0,2}$/;

function valid(field: DescField, text: string, pattern: RegExp): string {
  if (pattern.test(text)) return text;
  throw new GatewayError(3, `"${text}" is no value of ${field.name}`);
}

/** The scalar that a field or its wrapper holds. */
function scalarOf(field: DescField): ScalarType | undefined {
  const isWrapper =
    field.message !== undefined && /^google\.protobuf\.\w+Value$/.test(field.message.typeName);
  return isWrapper ? field.message?.fields[0]?.scalar : field.scalar;
}
