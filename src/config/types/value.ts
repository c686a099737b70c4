import { anyOf, type ReportDraft } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { describeNode, itemsOf, type SourceNode } from '../source/source-node.js';

/** What a setting can hold: how it is read, wherever it comes from, and how it is shown. */
export interface ValueType<T> {
  /** In words, for diagnostics and for the documentation. */
  readonly expected: string;
  /** The value, or `undefined` and a diagnostic. A value that is right only in part is used in part. */
  read(node: SourceNode, report: ReportDraft): T | undefined;
  show(value: T): string;
}

// A timer of Node that is longer than this fires at once.
const LONGEST_DURATION = 2 ** 31 - 1;
const UNITS = { '': 1, ms: 1, s: 1000 };

export const text: ValueType<string> = word('a text', (given) => given || undefined);

export const pemFile: ValueType<string | undefined> = {
  ...word('the path of a PEM file', (given) => given || undefined),
  show: (path) => path ?? 'none',
};

export const boolean: ValueType<boolean> = word('true or false', (given) => {
  const lower = given.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
});

export const ratio: ValueType<number> = word('a number from 0 to 1', (given) => numberIn(given, 0, 1));

export const methodName: ValueType<string> = word('an HTTP method', (given) =>
  /^[!#$%&'*+.^`|~\w-]+$/.test(given) ? given : undefined,
);

/** A whole number. */
export function count({ min }: { min: number }): ValueType<number> {
  return word(`a whole number from ${min}`, (given) => wholeNumber(given, min, Number.MAX_SAFE_INTEGER));
}

/** A whole number, or `none` for no limit, which is `Infinity`. */
export const limit: ValueType<number> = {
  ...word('a whole number or none', (given) =>
    given.toLowerCase() === 'none' ? Infinity : wholeNumber(given, 0, Number.MAX_SAFE_INTEGER),
  ),
  show: (value) => (value === Infinity ? 'none' : String(value)),
};

/** Milliseconds, written as a number of them or with a unit. */
export function duration({ min }: { min: number }): ValueType<number> {
  return {
    ...word('a duration such as 2s, 500ms or a number of milliseconds', (given) => {
      const [, amount = '', unit = ''] = /^([\d.]+) *(ms|s|)$/.exec(given) ?? [];
      const ms = Math.round(Number(amount || Number.NaN) * UNITS[unit as keyof typeof UNITS]);
      return ms >= min && ms <= LONGEST_DURATION ? ms : undefined;
    }),
    show: (ms) => (ms > 0 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`),
  };
}

/** One of several words. `synonyms` are accepted and not proposed. */
export function choice<T extends string>(
  names: readonly T[],
  synonyms: Readonly<Record<string, T>> = {},
): ValueType<T> {
  const known = new Map<string, T>([
    ...Object.entries(synonyms),
    ...names.map((name) => [name, name] as const),
  ]);
  return word(
    anyOf(names),
    (given) => known.get(given.toLowerCase()),
    (given) => didYouMean(given, names),
  );
}

/** A list without repetitions, also written `a,b`. The word `none` adds nothing to it. */
export function listOf<T>(item: ValueType<T>): ValueType<readonly T[]> {
  return {
    expected: `a list, each ${item.expected}`,
    read(node, report) {
      const read = itemsOf(node).map((each) => (isNone(each) ? [] : item.read(each, report)));
      const usable = read.filter((each) => each !== undefined);
      if (read.length > 0 && usable.length === 0) return undefined;
      return [...new Set(usable.flat() as T[])];
    },
    show: (values) => values.map((value) => item.show(value)).join(', ') || 'none',
  };
}

/** A value that is one word; `parse` gives `undefined` for one that is not right. */
export function word<T>(
  expected: string,
  parse: (given: string) => T | undefined,
  hint: (given: string) => string = () => '',
): ValueType<T> {
  return {
    expected,
    show: String,
    read(node, report) {
      const given = node.kind === 'scalar' ? node.text.trim() : '';
      const value = node.kind === 'scalar' ? parse(given) : undefined;
      if (value === undefined)
        report({ where: node.where, found: describeNode(node), expected: expected + hint(given) });
      return value;
    },
  };
}

function isNone(node: SourceNode): boolean {
  return node.kind === 'scalar' && node.text.trim().toLowerCase() === 'none';
}

function numberIn(given: string, min: number, max: number): number | undefined {
  const value = Number(given || Number.NaN);
  return value >= min && value <= max ? value : undefined;
}

export function wholeNumber(given: string, min: number, max: number): number | undefined {
  const value = numberIn(given, min, max);
  return Number.isSafeInteger(value) ? value : undefined;
}
