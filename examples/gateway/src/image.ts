import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  getExtension,
  hasExtension,
  type Message,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { parseTemplate, type Template, TemplateError } from './template.ts';

/** What `buf build` writes: every message, service and option, without generated code. */
export interface Image {
  readonly registry: FileRegistry;
  /** In the order of the files. */
  readonly bindings: readonly Binding[];
  /** Every verb that ends a template. A path that ends in one is for these templates alone. */
  readonly verbs: ReadonlySet<string>;
}

/** One way in which a method is called by HTTP. */
export interface Binding {
  readonly method: DescMethod;
  /** `GET`, or whatever a custom pattern says. */
  readonly verb: string;
  readonly template: Template;
  /** The field that the body goes to; `*` for the whole message, empty for none. */
  readonly body: string;
  /** The field that is answered, or empty for the whole message. */
  readonly responseBody: string;
}

/** An `HttpRule` as it is read without generated code. */
interface HttpRule extends Message {
  readonly pattern:
    | { readonly case: 'get' | 'put' | 'post' | 'delete' | 'patch'; readonly value: string }
    | { readonly case: 'custom'; readonly value: { readonly kind: string; readonly path: string } }
    | { readonly case: undefined };
  readonly body: string;
  readonly responseBody: string;
  readonly additionalBindings: readonly HttpRule[];
}

/** Reads an image. Throws one error that names every method with a binding that cannot work. */
export function loadImage(bytes: Uint8Array): Image {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  const problems: string[] = [];
  const bindings: Binding[] = [];
  for (const file of registry.files) {
    for (const service of file.services) {
      for (const method of service.methods) {
        const name = `${service.typeName}.${method.name}`;
        try {
          bindings.push(...bindingsOf(method, registry));
        } catch (error) {
          if (!(error instanceof TemplateError)) throw error;
          problems.push(`${name}: ${error.message}`);
        }
      }
    }
  }
  if (problems.length > 0)
    throw new Error(`The image has bindings that cannot work:\n${problems.join('\n')}`);
  const verbs = new Set(bindings.flatMap(({ template }) => template.verb ?? []));
  return { registry, bindings, verbs };
}

/** The values that a path gives to the variables of a binding, or `undefined` if it is not for this binding. */
export function capture(
  { template }: Binding,
  path: string,
  { verbs }: Pick<Image, 'verbs'>,
): readonly string[] | undefined {
  const [, ending] = /:([^:/]+)$/.exec(path) ?? [];
  const isOther = ending !== undefined && verbs.has(ending) && template.verb !== ending;
  return isOther ? undefined : template.match(path);
}

/** The type of a field that holds one message: neither a list of them nor a map. */
export function singleMessage(field: DescField): DescMessage | undefined {
  return field.fieldKind === 'message' ? field.message : undefined;
}

function bindingsOf(method: DescMethod, registry: FileRegistry): Binding[] {
  const extension = registry.getExtension('google.api.http');
  const options = method.proto.options;
  if (extension === undefined || options === undefined || !hasExtension(options, extension)) return [];
  const rule = getExtension(options, extension) as HttpRule;
  return [rule, ...rule.additionalBindings].map((each) => bindingOf(method, each));
}

function bindingOf(method: DescMethod, { pattern, body, responseBody }: HttpRule): Binding {
  if (pattern.case === undefined) throw new TemplateError('a rule without a pattern');
  const [verb, path] =
    pattern.case === 'custom'
      ? [pattern.value.kind, pattern.value.path]
      : [pattern.case.toUpperCase(), pattern.value];
  const template = parseTemplate(path);
  for (const { fieldPath } of template.variables) checkFieldPath(method, fieldPath, template.text);
  for (const field of [body === '*' ? '' : body])
    if (field !== '') checkField(method.input.fields, field, `the body of ${template.text}`);
  if (responseBody !== '') checkField(method.output.fields, responseBody, `the response of ${template.text}`);
  return { method, verb, template, body, responseBody };
}

type Fields = DescMethod['input']['fields'];

function checkField(fields: Fields, name: string, where: string): Fields[number] {
  const field = fields.find((each) => each.name === name);
  if (field === undefined) throw new TemplateError(`${where}: there is no field "${name}"`);
  return field;
}

/** A variable leads through messages to a single value. */
function checkFieldPath(method: DescMethod, path: readonly string[], template: string): void {
  let fields: Fields | undefined = method.input.fields;
  for (const [i, name] of path.entries()) {
    if (fields === undefined) throw new TemplateError(`"${template}": "${path[i - 1]}" is no message`);
    const field = checkField(fields, name, `"${template}"`);
    if (field.fieldKind === 'list' || field.fieldKind === 'map')
      throw new TemplateError(`"${template}": "${name}" is repeated, expected a single value`);
    fields = field.fieldKind === 'message' ? field.message.fields : undefined;
  }
}
