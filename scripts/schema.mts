/** The JSON Schema of the short form, made from the table of settings, for editors and validators. */
import type { Setting } from '../src/config/settings.js';
import type { JsonSchema } from '../src/config/types/json-schema.js';
import type { Instrumentation } from '../src/instrumentation.js';

const ITEM = '[].';
/** A value that is known only when the variable is, or that is left empty. */
const OPEN = { $ref: '#/definitions/open' };

type Settings = readonly Setting<unknown>[];
type Names = readonly Pick<Instrumentation, 'name' | 'aliases'>[];

export function schemaOf(settings: Settings, switchable: Names): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'otel-autoconf.yaml of Redhook, the short form',
    minProperties: 1,
    ...mapping('', settings),
    definitions: {
      open: { anyOf: [{ type: 'string', pattern: '\\$\\{' }, { type: 'null' }] },
      'traces.exporters': exporter('traces.exporters', settings),
      'metrics.exporters': exporter('metrics.exporters', settings),
      instrumentations: instrumentation(switchable),
    },
  };
}

/** The keys below a path, and nothing else. */
function mapping(path: string, settings: Settings): JsonSchema {
  const prefix = path === '' ? '' : `${path}.`;
  const keys = namesBelow(prefix, settings);
  return {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(keys.map((key) => [key, valueAt(prefix + key, settings)])),
  };
}

function valueAt(path: string, settings: Settings): JsonSchema {
  const setting = settings.find((each) => each.path === path);
  const isList = path === 'instrumentations' || namesBelow(path + ITEM, settings).length > 0;
  if (isList) return { ...described(setting), anyOf: listOf({ $ref: `#/definitions/${path}` }) };
  if (setting !== undefined) return { ...described(setting), anyOf: [setting.type.schema ?? {}, OPEN] };
  const shorthand = settings.find((each) => each.shorthand && each.path?.startsWith(`${path}.`));
  const whole = shorthand === undefined ? [] : [shorthand.type.schema ?? {}];
  return { anyOf: [mapping(path, settings), ...whole, OPEN] };
}

/** A list; also one item alone, or names with commas. */
function listOf(item: JsonSchema): JsonSchema[] {
  return [{ type: 'array', items: item }, item, { type: 'string', pattern: ',' }];
}

/** A name, or a mapping of names to details. */
function exporter(path: string, settings: Settings): JsonSchema {
  const names = namesBelow(path + ITEM, settings);
  const details = (name: string) => [valueAt(path + ITEM + name, settings), { type: 'boolean' }];
  return {
    anyOf: [
      { enum: [...names, 'none'] },
      {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(names.map((name) => [name, { anyOf: details(name) }])),
      },
      OPEN,
    ],
  };
}

function instrumentation(switchable: Names): JsonSchema {
  const names = [...new Set(switchable.flatMap(({ name, aliases = [] }) => [name, ...aliases]))];
  const name = { enum: [...names, ...names.map((each) => `@opentelemetry/instrumentation-${each}`)] };
  const value = { anyOf: [{ enum: [true, false, 'true', 'false'] }, OPEN] };
  return { anyOf: [name, { type: 'object', propertyNames: name, additionalProperties: value }, OPEN] };
}

/** The first keys of the paths that begin with `prefix`. */
function namesBelow(prefix: string, settings: Settings): string[] {
  const below = settings.flatMap(({ path }) => (path?.startsWith(prefix) ? path.slice(prefix.length) : []));
  return [...new Set(below.map((each) => each.replace(/[.[].*$/, '')))];
}

/** As docs/configuration.md says it. */
function described(setting: Setting<unknown> | undefined): JsonSchema {
  return setting === undefined
    ? {}
    : { description: `${setting.doc}\n\nDefault: ${setting.type.show(setting.default)}` };
}
