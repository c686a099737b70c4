import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getExtension,
  hasExtension,
  type JsonObject,
  ScalarType,
} from '@bufbuild/protobuf';
import { commentOf } from './comments.ts';

const INTEGER = { type: 'integer', format: 'int32' };
const LONG = { type: 'string', format: 'int64' };
const NUMBER = { anyOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }] };
const BYTES = { type: 'string', contentEncoding: 'base64' };

const SCALARS: Readonly<Record<number, JsonObject>> = {
  [ScalarType.DOUBLE]: NUMBER,
  [ScalarType.FLOAT]: NUMBER,
  [ScalarType.INT64]: LONG,
  [ScalarType.UINT64]: { type: 'string', format: 'uint64' },
  [ScalarType.INT32]: INTEGER,
  [ScalarType.FIXED64]: { type: 'string', format: 'uint64' },
  [ScalarType.FIXED32]: { type: 'integer', format: 'uint32' },
  [ScalarType.BOOL]: { type: 'boolean' },
  [ScalarType.STRING]: { type: 'string' },
  [ScalarType.BYTES]: BYTES,
  [ScalarType.UINT32]: { type: 'integer', format: 'uint32' },
  [ScalarType.SFIXED32]: INTEGER,
  [ScalarType.SFIXED64]: LONG,
  [ScalarType.SINT32]: INTEGER,
  [ScalarType.SINT64]: LONG,
};

/** Messages that ProtoJSON writes as one value. */
const SINGLE_VALUES: Readonly<Record<string, JsonObject>> = {
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.Duration': { type: 'string', pattern: '^-?\\d+(\\.\\d{1,9})?s$' },
  'google.protobuf.FieldMask': { type: 'string' },
  'google.protobuf.BoolValue': { type: ['boolean', 'null'] },
  'google.protobuf.BytesValue': { type: ['string', 'null'], contentEncoding: 'base64' },
  'google.protobuf.DoubleValue': { type: ['number', 'string', 'null'] },
  'google.protobuf.FloatValue': { type: ['number', 'string', 'null'] },
  'google.protobuf.Int32Value': { type: ['integer', 'null'], format: 'int32' },
  'google.protobuf.Int64Value': { type: ['string', 'null'], format: 'int64' },
  'google.protobuf.StringValue': { type: ['string', 'null'] },
  'google.protobuf.UInt32Value': { type: ['integer', 'null'], format: 'uint32' },
  'google.protobuf.UInt64Value': { type: ['string', 'null'], format: 'uint64' },
};

/** Messages of any content. */
const DYNAMIC: Readonly<Record<string, JsonObject>> = {
  'google.protobuf.Any': {
    type: 'object',
    properties: { '@type': { type: 'string' } },
    required: ['@type'],
    additionalProperties: true,
  },
  'google.protobuf.Empty': { type: 'object' },
  'google.protobuf.ListValue': { type: 'array', items: {} },
  'google.protobuf.Struct': { type: 'object', additionalProperties: true },
  'google.protobuf.Value': {},
};

export function isSingleValue({ typeName }: DescMessage): boolean {
  return Object.hasOwn(SINGLE_VALUES, typeName);
}

/** The schemas of messages and enums, by their full names. */
export class Schemas {
  readonly #byName = new Map<string, JsonObject>();

  refer(type: DescMessage | DescEnum): JsonObject {
    const { typeName } = type;
    const known = SINGLE_VALUES[typeName] ?? DYNAMIC[typeName];
    if (known !== undefined) return known;
    if (typeName === 'google.protobuf.NullValue') return { type: 'null' };
    if (!this.#byName.has(typeName)) {
      // Before its fields, because it may be among their types.
      this.#byName.set(typeName, {});
      this.#byName.set(typeName, type.kind === 'enum' ? enumSchema(type) : this.without(type, () => false));
    }
    return { $ref: `#/components/schemas/${typeName}` };
  }

  /** The schema of a message, without some of its fields. */
  without(message: DescMessage, isLeftOut: (field: DescField) => boolean): JsonObject {
    const fields = message.fields.filter((field) => !isLeftOut(field));
    const required = fields
      .filter((field) => behaviours(field).includes(REQUIRED))
      .map(({ jsonName }) => jsonName);
    const comment = commentOf(message);
    const exclusions = message.oneofs.flatMap(({ fields: choices }) =>
      choices.flatMap((a, i) =>
        choices.slice(i + 1).map((b) => {
          const names = [a.jsonName, b.jsonName];
          return {
            not: { properties: Object.fromEntries(names.map((name) => [name, {}])), required: names },
          };
        }),
      ),
    );
    return {
      type: 'object',
      ...(comment !== '' && { description: comment }),
      properties: Object.fromEntries(fields.map((field) => [field.jsonName, this.#property(field)])),
      ...(required.length > 0 && { required }),
      ...(exclusions.length > 0 && { allOf: exclusions }),
    };
  }

  all(): JsonObject {
    return Object.fromEntries([...this.#byName].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #property(field: DescField): JsonObject {
    const comment = commentOf(field);
    return {
      ...fieldSchema(field, this),
      ...(comment !== '' && { description: comment }),
      ...(behaviours(field).includes(OUTPUT_ONLY) && { readOnly: true }),
    };
  }
}

export function fieldSchema(field: DescField, schemas: Schemas): JsonObject {
  if (field.fieldKind === 'map') return { type: 'object', additionalProperties: valueSchema(field, schemas) };
  const schema = valueSchema(field, schemas);
  return field.fieldKind === 'list' ? { type: 'array', items: schema } : schema;
}

function valueSchema(field: DescField, schemas: Schemas): JsonObject {
  if (field.message !== undefined) return schemas.refer(field.message);
  if (field.enum !== undefined) return schemas.refer(field.enum);
  return SCALARS[field.scalar ?? ScalarType.STRING] ?? {};
}

function enumSchema(type: DescEnum): JsonObject {
  const comment = commentOf(type);
  return {
    type: 'string',
    enum: type.values.map(({ name }) => name),
    ...(comment !== '' && { description: comment }),
  };
}

/** `google.api.FieldBehavior` */
const REQUIRED = 2;
const OUTPUT_ONLY = 3;

/** What `google.api.field_behavior` says, where the image has it. */
function behaviours(field: DescField): readonly number[] {
  const file = field.parent.file;
  const extension = file.dependencies
    .flatMap(({ extensions }) => extensions)
    .find(({ typeName }) => typeName === 'google.api.field_behavior');
  const { options } = field.proto;
  if (extension === undefined || options === undefined || !hasExtension(options, extension)) return [];
  return getExtension(options, extension) as number[];
}
