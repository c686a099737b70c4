import type { DescField, DescMessage, DescMethod, JsonObject } from '@bufbuild/protobuf';
import { commentOf } from './comments.ts';
import { isHttpBody } from './http-body.ts';
import { type Binding, type Image, singleMessage } from './image.ts';
import { EVENTS, JSON_TYPE, LINES, PROTOBUF } from './media-types.ts';
import { refusals, SECURITY_SCHEMES, securityOf } from './rbac/describe.ts';
import { fieldSchema, isSingleValue, Schemas } from './schemas.ts';

export interface OpenApiOptions {
  readonly title: string;
  /** `v1` */
  readonly version: string;
  /** Whether callers need a token. */
  readonly isGuarded: boolean;
}

/** The methods that OpenAPI has a place for. */
const METHODS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE']);
const STATUS = 'google.rpc.Status';
/** Messages may contain themselves, queries cannot. */
const MAX_QUERY_DEPTH = 3;

/**
 * Describes bindings in OpenAPI 3.1, by the rules that grpc-gateway has documented: components have the full names of the
 * proto, 64-bit numbers are strings, each `*` of a template is a parameter.
 *
 * @see https://spec.openapis.org/oas/v3.1.1
 */
export function openApi(
  image: Image,
  bindings: readonly Binding[],
  { title, version, isGuarded }: OpenApiOptions,
): JsonObject {
  const schemas = new Schemas();
  const status = image.registry.getMessage(STATUS);
  const failure = status === undefined ? { type: 'object' } : schemas.refer(status);
  const content: JsonObject = { [JSON_TYPE]: { schema: failure } };
  const paths: Record<string, JsonObject> = {};
  const uses = new Map<string, number>();
  for (const binding of bindings.filter(({ verb }) => METHODS.has(verb))) {
    const { text, parameters } = pathOf(binding);
    paths[text] ??= {};
    const operations = paths[text];
    operations[binding.verb.toLowerCase()] ??= {
      operationId: operationId(binding.method, uses),
      tags: [binding.method.parent.name],
      ...describe(binding.method),
      ...(isGuarded && { security: securityOf(binding, image) }),
      parameters: [...parameters, ...queryParameters(binding, schemas)],
      ...requestBody(binding, schemas),
      responses: {
        200: success(binding, schemas, failure),
        400: { description: 'The request is not valid.', content },
        ...(isGuarded && refusals(content)),
        default: { description: 'An error.', content },
      },
    };
  }
  return {
    openapi: '3.1.1',
    info: { title, version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    // None by default: each operation has its own, or nobody asks for a token.
    security: [],
    paths,
    components: { schemas: schemas.all(), ...(isGuarded && { securitySchemes: SECURITY_SCHEMES }) },
  };
}

/** Each method has one, and each further binding of it a number. */
function operationId({ parent, name }: DescMethod, uses: Map<string, number>): string {
  const id = `${parent.name}_${name}`;
  const count = (uses.get(id) ?? 0) + 1;
  uses.set(id, count);
  return count === 1 ? id : `${id}_${count}`;
}

function describe(method: DescMethod): JsonObject {
  const comment = commentOf(method);
  return {
    summary: comment.split('\n', 1)[0] || method.name,
    ...(comment !== '' && { description: comment }),
    ...(method.deprecated && { deprecated: true }),
  };
}

/** The path of a template, with a parameter for each of its wildcards. */
function pathOf({ template: { segments, verb } }: Binding): { text: string; parameters: JsonObject[] } {
  const path = segments.map((segment) => (segment.kind === 'literal' ? segment.text : `{${segment.name}}`));
  const parameters = segments
    .filter((segment) => segment.kind !== 'literal')
    .map(({ kind, name }) => pathParameter(name, kind === 'rest' ? 'May contain slashes.' : undefined));
  return { text: `/${path.join('/')}${verb === undefined ? '' : `:${verb}`}`, parameters };
}

function pathParameter(name: string, description?: string): JsonObject {
  return {
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    ...(description !== undefined && { description }),
  };
}

/** Every field that is neither in the path nor in the body. */
function queryParameters({ method, template, body }: Binding, schemas: Schemas): JsonObject[] {
  if (body === '*') return [];
  const taken = new Set([...template.variables.map(({ fieldPath }) => fieldPath.join('.')), body]);
  return queryFields(method.input, [])
    .filter(
      ({ path }) => !taken.has(path.map(({ name }) => name).join('.')) && !taken.has(path[0]?.name ?? ''),
    )
    .map(({ path, field }) => {
      const comment = commentOf(field);
      return {
        name: path.map(({ jsonName }) => jsonName).join('.'),
        in: 'query',
        schema: fieldSchema(field, schemas),
        ...(comment !== '' && { description: comment }),
      };
    });
}

interface QueryField {
  readonly path: readonly DescField[];
  readonly field: DescField;
}

function queryFields(message: DescMessage, above: readonly DescField[]): QueryField[] {
  return message.fields.flatMap((field): QueryField[] => {
    const path = [...above, field];
    if (field.fieldKind === 'map') return [];
    if (field.message === undefined || isSingleValue(field.message)) return [{ path, field }];
    return field.fieldKind === 'list' || path.length === MAX_QUERY_DEPTH
      ? []
      : queryFields(field.message, path);
  });
}

function requestBody({ method, template, body }: Binding, schemas: Schemas): JsonObject {
  if (body === '') return {};
  const field = method.input.fields.find(({ name }) => name === body);
  const type = field === undefined ? method.input : singleMessage(field);
  if (isHttpBody(type)) return { requestBody: { content: { '*/*': {} } } };
  const inPath = new Set(template.variables.map(({ fieldPath }) => fieldPath[0]));
  const schema =
    field === undefined
      ? schemas.without(method.input, (each) => inPath.has(each.name))
      : fieldSchema(field, schemas);
  // A field that is no message has no bytes of its own.
  const content = { [JSON_TYPE]: { schema }, ...(type !== undefined && { [PROTOBUF]: {} }) };
  return { requestBody: { required: true, content } };
}

function success({ method, responseBody }: Binding, schemas: Schemas, failure: JsonObject): JsonObject {
  const field = method.output.fields.find(({ name }) => name === responseBody);
  const type = field === undefined ? method.output : singleMessage(field);
  const description = (type && commentOf(type)) || 'The answer.';
  if (isHttpBody(type)) return { description, content: { '*/*': {} } };
  const schema = field === undefined ? schemas.refer(method.output) : fieldSchema(field, schemas);
  const bytes = { ...(field === undefined && { [PROTOBUF]: {} }) };
  if (method.methodKind !== 'server_streaming')
    return { description, content: { [JSON_TYPE]: { schema }, ...bytes } };
  const line = { type: 'object', properties: { result: schema, error: failure } };
  return {
    description: `${description} One object on each line, or one event; in protobuf, each message behind its length.`,
    content: { [LINES]: { schema: line }, [EVENTS]: { schema: { type: 'string' } }, ...bytes },
  };
}
