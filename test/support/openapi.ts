/** Documents of OpenAPI 3.1: their operations, and values for their schemas. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly readOnly?: boolean;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { name: string; in: 'path' | 'query'; schema: Schema }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Place {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

export function operationsIn({ paths }: OpenApi): Place[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** A value that a schema allows, with each property that a client may send. */
export function sample(schema: Schema, document: OpenApi): unknown {
  const { $ref, anyOf, properties, items, format } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice('#/components/schemas/'.length);
    return sample(document.components.schemas[name] ?? {}, document);
  }
  if (schema.enum !== undefined) return schema.enum.at(-1);
  if (anyOf?.[0] !== undefined) return sample(anyOf[0], document);
  switch ([schema.type].flat()[0]) {
    case 'object':
      return Object.fromEntries(
        Object.entries(properties ?? {})
          .filter(([, { readOnly }]) => readOnly !== true)
          .map(([name, each]) => [name, sample(each, document)]),
      );
    case 'array':
      return [sample(items ?? {}, document)];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return 7;
    default:
      if (format === 'date-time') return '2026-01-01T00:00:00Z';
      return format === undefined ? 'text' : '7';
  }
}
