import { IGNORED, quote } from '../diagnostic.js';
import { commaSeparated, describeNode, isEmpty, type SourceNode } from '../source/source-node.js';
import type { ValueType } from './value.js';

export type Pairs = Readonly<Record<string, string>>;

interface Pair {
  readonly where: string;
  /** The key and the value are both absent when the pair is malformed. */
  readonly key?: string;
  readonly value?: string;
  /** The raw text, for diagnostics. */
  readonly text: string;
}

export const attributes: ValueType<Pairs> = keyValues({ key: /./, value: /.*/, describe: quote });

/** Request headers. Diagnostics quote no part of a malformed one, because any part may be a secret. */
export const headers: ValueType<Pairs> = keyValues({
  key: /^[!#$%&'*+.^`|~\w-]+$/,
  value: /^[\t -~]*$/,
  describe: () => 'an invalid header',
  keyOf: (name) => name.toLowerCase(),
});

/** A mapping of strings, or percent-encoded `key=value,key=value`. Invalid pairs are ignored. */
function keyValues({
  key,
  value,
  describe,
  keyOf = (name) => name,
}: {
  key: RegExp;
  value: RegExp;
  describe: (text: string) => string;
  keyOf?: (key: string) => string;
}): ValueType<Pairs> {
  const expected = 'key-value pairs';
  return {
    expected,
    show: (pairs) => Object.keys(pairs).join(', ') || 'none',
    schema: {
      type: ['object', 'string'],
      propertyNames: { pattern: key.source },
      additionalProperties: { type: ['string', 'number', 'boolean', 'null'], pattern: value.source },
    },
    read(node, report) {
      const pairs = pairsOf(node);
      if (pairs === undefined) {
        report({ where: node.where, found: describeNode(node), expected });
        return undefined;
      }
      const usable = pairs.filter((pair) => {
        const isValid = key.test(pair.key ?? '') && value.test(pair.value ?? '');
        if (!isValid) {
          const form = node.kind === 'mapping' ? 'a name and a string' : 'key=value, percent-encoded';
          report({ where: pair.where, found: describe(pair.text), expected: form, now: IGNORED });
        }
        return isValid;
      });
      if (pairs.length > 0 && usable.length === 0) return undefined;
      return Object.fromEntries(usable.map((pair) => [keyOf(pair.key ?? ''), pair.value ?? '']));
    },
  };
}

function pairsOf(node: SourceNode): Pair[] | undefined {
  if (node.kind === 'scalar') return commaSeparated(node.text).map((text) => decode(node.where, text));
  if (node.kind === 'list') return undefined;
  return node.entries
    .filter((entry) => !isEmpty(entry.value))
    .map(({ key, where, value }) =>
      value.kind === 'scalar' ? { where, key, value: value.text, text: key } : { where, text: key },
    );
}

function decode(where: string, text: string): Pair {
  const [key = '', ...value] = text.split('=');
  if (value.length === 0) return { where, text };
  try {
    return {
      where,
      key: decodeURIComponent(key.trim()),
      value: decodeURIComponent(value.join('=').trim()),
      text,
    };
  } catch {
    return { where, text };
  }
}
