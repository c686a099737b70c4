import type { DescMessage, JsonValue } from '@bufbuild/protobuf';

/** Every integer that a double may round has as many digits. */
const MANY_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;

/** Whether JSON may have an integer that a double rounds. */
export function mayRound(text: string): boolean {
  return MANY_DIGITS.test(text);
}

/** Reads JSON with such integers as strings, which ProtoJSON takes for numbers too. */
export function parseExactly(text: string): JsonValue {
  const reviver = (_: string, value: unknown, { source }: { source: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && INTEGER.test(source) ? source : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

const ANY_JSON = new Set([
  'google.protobuf.Any',
  'google.protobuf.ListValue',
  'google.protobuf.Struct',
  'google.protobuf.Value',
]);

/** Whether a message can hold JSON of any shape, in which a string is not a number. */
export function holdsAnyJson(type: DescMessage, seen = new Set<DescMessage>()): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return (
    ANY_JSON.has(type.typeName) ||
    type.fields.some(({ message }) => message !== undefined && holdsAnyJson(message, seen))
  );
}
