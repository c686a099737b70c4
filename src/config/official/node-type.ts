import { anyOf, IGNORED, quote, type Report } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { describeNode, type Entry, isEmpty, type SourceNode } from '../source/source-node.js';
import type { ValueType } from '../types/value.js';

/**
 * A type of OpenTelemetry's configuration model: how to read it from a file. What cannot be used is reported and then
 * treated as omitted, so that the rest of the file still applies.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/data-model/
 */
export interface NodeType<T> {
  /** Returns the value, or reports and returns `undefined`. */
  read(node: SourceNode, report: Report): T | undefined;
  /** The nodes inside, for the documentation. Absent for values. */
  readonly fields?: Fields | undefined;
  readonly isList?: boolean;
  /** Why Redhook does not use this node. Absent if it does. */
  readonly unused?: string;
}

export type Fields = Readonly<Record<string, NodeType<unknown>>>;
export type ValueOf<N> = N extends NodeType<infer T> ? T : never;
type ValuesOf<F extends Fields> = { readonly [K in keyof F]?: ValueOf<F[K]> };
/** The one component that a mapping names, with its settings. */
type ComponentOf<F extends Fields> = {
  readonly [K in keyof F]: { readonly name: K; readonly value: ValueOf<F[K]> };
}[keyof F];

const DEFAULT_APPLIES = 'the default applies';

/** A mapping with these keys. Empty values are omitted ones. Without one of the `required` keys it is not used. */
export function mapping<F extends Fields, R extends keyof F & string = never>(
  fields: F,
  required: readonly R[] = [],
): NodeType<ValuesOf<F> & { readonly [K in R]: ValueOf<F[K]> }> {
  return {
    fields,
    read(node, report) {
      const entries = entriesOf(node, report);
      if (entries === undefined) return undefined;
      const values: Record<string, unknown> = {};
      for (const { key, where, value } of entries) {
        const type = fieldOf(fields, key);
        if (type === undefined) reportUnknown(where, key, Object.keys(fields), report);
        else if (isEmpty(value)) continue;
        else if (type.unused !== undefined) reportUnused(where, key, type.unused, report);
        else {
          const read = type.read(value, report);
          if (read !== undefined) values[key] = read;
        }
      }
      const missing = required.filter((key) => values[key] === undefined);
      if (missing.length > 0) {
        // Values that cannot be used have been reported already.
        const absent = missing.filter((key) =>
          entries.every((entry) => entry.key !== key || isEmpty(entry.value)),
        );
        if (absent.length > 0)
          reportProblem(node.where, `no ${absent.map(quote).join(', ')}`, 'it', IGNORED, report);
        return undefined;
      }
      return values as ValuesOf<F> & { readonly [K in R]: ValueOf<F[K]> };
    },
  };
}

/** A mapping that names one component, with its settings or nothing: `console:`. */
export function component<F extends Fields>(fields: F): NodeType<ComponentOf<F>> {
  return {
    fields,
    read(node, report) {
      const entries = entriesOf(node, report);
      if (entries === undefined) return undefined;
      const [entry, second] = entries;
      const names = Object.keys(fields);
      if (entry === undefined || second !== undefined) {
        const found = entry === undefined ? 'an empty mapping' : quote(second?.key ?? '');
        reportProblem(second?.where ?? node.where, found, `one of ${anyOf(names)}`, IGNORED, report);
        if (entry === undefined) return undefined;
      }
      const type = fieldOf(fields, entry.key);
      if (type === undefined) reportUnknown(entry.where, entry.key, names, report);
      else if (type.unused !== undefined) reportUnused(entry.where, entry.key, type.unused, report);
      const value = type?.unused === undefined ? type?.read(entry.value, report) : undefined;
      return value === undefined ? undefined : ({ name: entry.key, value } as ComponentOf<F>);
    },
  };
}

/** An entry whose key the user chooses. */
export interface NamedValue<T> {
  readonly name: string;
  readonly where: string;
  readonly value: T;
}

/** A mapping with keys that the user chooses. */
export function named<T>(type: NodeType<T>): NodeType<readonly NamedValue<T>[]> {
  return {
    fields: { '<name>': type },
    read: (node, report) =>
      (entriesOf(node, report) ?? []).flatMap(({ key: name, where, value }) => {
        const read = type.read(value, report);
        return read === undefined ? [] : [{ name, where, value: read }];
      }),
  };
}

/** A list. Items that cannot be used are left out. */
export function list<T>(item: NodeType<T>): NodeType<readonly T[]> {
  return {
    fields: item.fields,
    isList: true,
    read(node, report) {
      if (node.kind !== 'list') {
        reportProblem(node.where, describeNode(node), 'a list', IGNORED, report);
        return undefined;
      }
      return node.items.map((each) => item.read(each, report)).filter((each) => each !== undefined);
    },
  };
}

/** The same node, read as something else. `make` may report and return `undefined`. */
export function map<T, U>(
  type: NodeType<T>,
  make: (value: T, node: SourceNode, report: Report) => U | undefined,
): NodeType<U> {
  return {
    ...type,
    read(node, report) {
      const value = type.read(node, report);
      return value === undefined ? undefined : make(value, node, report);
    },
  };
}

/** A type that contains itself. */
export function recursive<T>(type: () => NodeType<T>): NodeType<T> {
  return { read: (node, report) => type().read(node, report) };
}

/** A node of the model that has no effect. */
export function unused(reason: string): NodeType<never> {
  return { unused: reason, read: () => undefined };
}

export const string: NodeType<string> = value('a string', (given) =>
  typeof given === 'string' ? given : undefined,
);

export const flag: NodeType<boolean> = value('true or false', (given) =>
  typeof given === 'boolean' ? given : undefined,
);

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): NodeType<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return value(`a whole number ${range}`, (given) =>
    Number.isSafeInteger(given) && Number(given) >= min && Number(given) <= max ? Number(given) : undefined,
  );
}

export function decimal(min: number, max: number): NodeType<number> {
  return value(`a number from ${min} to ${max}`, (given) =>
    typeof given === 'number' && given >= min && given <= max ? given : undefined,
  );
}

export function word<const T extends string>(words: readonly T[]): NodeType<T> {
  return value(
    anyOf(words),
    (given) => words.find((each) => each === given),
    (given) => didYouMean(given, words),
  );
}

/** A value that the short form has too, with its messages. */
export function typed<T>(type: ValueType<T>): NodeType<T> {
  return {
    read: (node, report) =>
      type.read(node, (draft) => report({ severity: 'error', now: DEFAULT_APPLIES, ...draft })),
  };
}

type Scalar = string | number | boolean | null;

/** A single value. */
export function value<T>(
  expected: string,
  read: (given: Scalar) => T | undefined,
  hint: (given: string) => string = () => '',
): NodeType<T> {
  return {
    read(node, report) {
      const usable = node.kind === 'scalar' ? read(node.value) : undefined;
      if (usable === undefined) {
        const found = node.kind === 'scalar' ? quoteTyped(node.value) : describeNode(node);
        const guess = node.kind === 'scalar' ? hint(node.text) : '';
        reportProblem(node.where, found, expected + guess, DEFAULT_APPLIES, report);
      }
      return usable;
    },
  };
}

export function reportProblem(
  where: string,
  found: string,
  expected: string,
  now: string,
  report: Report,
): void {
  report({ severity: 'error', where, found, expected, now });
}

export function reportUnused(where: string, name: string, reason: string, report: Report): void {
  const expected = 'a part of the model that Redhook uses';
  report({ severity: 'warn', where, found: quote(name), expected, now: `${IGNORED}, because ${reason}` });
}

function reportUnknown(where: string, key: string, names: readonly string[], report: Report): void {
  reportProblem(where, quote(key), anyOf(names) + didYouMean(key, names), IGNORED, report);
}

function fieldOf(fields: Fields, key: string): NodeType<unknown> | undefined {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** Whether a mapping has this key, with or without a value. */
export function hasKey(node: SourceNode, key: string): boolean {
  return node.kind === 'mapping' && node.entries.some((entry) => entry.key === key);
}

/** Empty stands for an empty mapping. */
function entriesOf(node: SourceNode, report: Report): readonly Entry[] | undefined {
  if (isEmpty(node)) return [];
  if (node.kind === 'mapping') return node.entries;
  reportProblem(node.where, describeNode(node), 'a mapping', IGNORED, report);
  return undefined;
}

/** Text in quotes is a string, everything else a number, a truth value or nothing. */
function quoteTyped(given: Scalar): string {
  return typeof given === 'string' ? `the string ${quote(given)}` : `${given}`;
}
