import { anyOf, type ReportDraft } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { describeNode, isBlank, itemsOf, type SourceNode } from '../source/source-node.js';
import { ANY_SCALAR, type JsonSchema, REFERENCE } from './json-schema.js';

/** The type of a setting: how to read its value from a file or the environment, and how to print it. */
export interface ValueType<T> {
  /** Describes the type in diagnostics and in the documentation. */
  readonly expected: string;
  /** Returns the value, or reports and returns `undefined`. A partly valid value keeps its valid parts. */
  read(node: SourceNode, report: ReportDraft): T | undefined;
  show(value: T): string;
  /** The valid values in a file, for otel-autoconf.schema.json. References to variables are added to it. */
  readonly schema?: JsonSchema;
}

// Node fires a timer with a longer delay at once.
const LONGEST_DURATION = 2 ** 31 - 1;
// More spans or series than a process has memory for. An array cannot have many more either.
const MAX_SIZE = 1_000_000;
const DURATION = /^([\d.]+) *(ms|s|)$/;
const UNITS = { '': 1, ms: 1, s: 1000 };

const NOT_EMPTY: JsonSchema = { ...ANY_SCALAR, pattern: '\\S' };

export const text: ValueType<string> = scalarType(
  'a non-empty string',
  (input) => input || undefined,
  NOT_EMPTY,
);

export const pemFile: ValueType<string | undefined> = {
  ...scalarType('the path of a PEM file', (input) => input || undefined, NOT_EMPTY),
  show: (path) => path ?? 'none',
};

export const folder: ValueType<string | undefined> = {
  ...scalarType('the path of a directory', (input) => input || undefined, NOT_EMPTY),
  show: (path) => path ?? 'none',
};

export const boolean: ValueType<boolean> = scalarType(
  'true or false',
  (input) => {
    const lower = input.toLowerCase();
    return lower === 'true' ? true : lower === 'false' ? false : undefined;
  },
  { enum: [true, false, 'true', 'false'] },
);

export const ratio: ValueType<number> = scalarType('a number from 0 to 1', (input) => numberIn(input, 0, 1), {
  type: ['number', 'string'],
  minimum: 0,
  maximum: 1,
  pattern: '^[\\d.]+$',
});

const METHOD = /^[!#$%&'*+.^`|~\w-]+$/;

export const perSecond: ValueType<number> = scalarType('a number per second, more than 0', (input) =>
  numberIn(input, Number.MIN_VALUE, MAX_SIZE),
);

export const methodName: ValueType<string> = scalarType(
  'an HTTP method',
  (input) => (METHOD.test(input) ? input : undefined),
  { type: ['string', 'number', 'boolean'], pattern: METHOD.source },
);

/** How many there may be of something that takes memory. */
export const size: ValueType<number> = scalarType(
  `a whole number from 1 to ${MAX_SIZE}`,
  (input) => wholeNumber(input, 1, MAX_SIZE),
  { type: ['integer', 'string'], minimum: 1, maximum: MAX_SIZE, pattern: '^\\d+$' },
);

/** A whole number, or `none` for no limit, which is `Infinity`. */
export const limit: ValueType<number> = {
  ...scalarType(
    'a whole number, or none for no limit',
    (input) => (input.toLowerCase() === 'none' ? Infinity : wholeNumber(input, 0, Number.MAX_SAFE_INTEGER)),
    { type: ['integer', 'string'], minimum: 0, pattern: '^(none|\\d+)$' },
  ),
  show: (value) => (value === Infinity ? 'none' : String(value)),
};

/**
 * Milliseconds, written with a unit (`2s`, `500ms`) or as a plain number, as the specification has it. In the file a plain
 * number is easily taken for seconds, so a line says what it means.
 */
export function duration({ min }: { min: number }): ValueType<number> {
  const type = scalarType(
    'a duration such as 2s or 500ms, or a number of milliseconds',
    (input) => {
      const [, amount = '', unit = ''] = DURATION.exec(input) ?? [];
      const ms = Math.round(Number(amount || Number.NaN) * UNITS[unit as keyof typeof UNITS]);
      return ms >= min && ms <= LONGEST_DURATION ? ms : undefined;
    },
    { type: ['number', 'string'], minimum: min, maximum: LONGEST_DURATION, pattern: DURATION.source },
  );
  return {
    ...type,
    show: (ms) => (ms > 0 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`),
    read(node, report) {
      const ms = type.read(node, report);
      if (ms && node.kind === 'scalar' && typeof node.value === 'number') {
        const expected = `${node.text}ms or ${node.text}s`;
        report({ severity: 'info', where: node.where, found: describeNode(node), expected });
      }
      return ms;
    },
  };
}

/** A limit in the form of `type`, or `none`, which is `Infinity`. */
export function orNone(type: ValueType<number>): ValueType<number> {
  return {
    expected: `${type.expected}, or none`,
    read: (node, report) => (isNone(node) ? Infinity : type.read(node, report)),
    show: (value) => (value === Infinity ? 'none' : type.show(value)),
  };
}

/** One of several names. `synonyms` are accepted but never suggested. */
export function choice<T extends string>(
  names: readonly T[],
  synonyms: Readonly<Record<string, T>> = {},
): ValueType<T> {
  const known = new Map<string, T>([
    ...Object.entries(synonyms),
    ...names.map((name) => [name, name] as const),
  ]);
  return scalarType(
    anyOf(names),
    (input) => known.get(input.toLowerCase()),
    { enum: [...names, ...Object.keys(synonyms)] },
    (input) => didYouMean(input, names),
  );
}

/** A list without duplicates, also written `a,b`. The item `none` adds nothing. */
export function listOf<T>(item: ValueType<T>): ValueType<readonly T[]> {
  const expected = `a list, each item ${item.expected}`;
  return {
    expected,
    read(node, report) {
      if (isBlank(node)) {
        report({ where: node.where, found: describeNode(node), expected });
        return undefined;
      }
      const read = itemsOf(node).map((each) => (isNone(each) ? [] : item.read(each, report)));
      const usable = read.filter((each) => each !== undefined);
      if (read.length > 0 && usable.length === 0) return undefined;
      return [...new Set(usable.flat() as T[])];
    },
    show: (values) => values.map((value) => item.show(value)).join(', ') || 'none',
    schema: listSchema(item.schema),
  };
}

/** A value that is a single scalar. `parse` returns `undefined` for invalid input. */
export function scalarType<T>(
  expected: string,
  parse: (input: string) => T | undefined,
  schema: JsonSchema = ANY_SCALAR,
  hint: (input: string) => string = () => '',
): ValueType<T> {
  return {
    expected,
    show: String,
    schema,
    read(node, report) {
      const input = node.kind === 'scalar' ? node.text.trim() : '';
      const value = node.kind === 'scalar' ? parse(input) : undefined;
      if (value === undefined)
        report({ where: node.where, found: describeNode(node), expected: expected + hint(input) });
      return value;
    },
  };
}

function listSchema(item: JsonSchema = {}): JsonSchema {
  const each = { anyOf: [item, { enum: ['none'] }, REFERENCE] };
  return {
    anyOf: [
      { type: 'array', items: { anyOf: [each, { type: 'null' }] } },
      each,
      { type: 'string', pattern: ',' },
    ],
  };
}

function isNone(node: SourceNode): boolean {
  return node.kind === 'scalar' && node.text.trim().toLowerCase() === 'none';
}

function numberIn(input: string, min: number, max: number): number | undefined {
  const value = Number(input || Number.NaN);
  return value >= min && value <= max ? value : undefined;
}

export function wholeNumber(input: string, min: number, max: number): number | undefined {
  const value = numberIn(input, min, max);
  return Number.isSafeInteger(value) ? value : undefined;
}
