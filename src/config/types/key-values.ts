import { quote } from '../diagnostic.js';
import { describeNode, isEmpty, type SourceNode, words } from '../source/source-node.js';
import type { ValueType } from './value.js';

type Pairs = Readonly<Record<string, string>>;

interface Pair {
  readonly where: string;
  /** Both absent: this is no pair of two texts. */
  readonly key?: string;
  readonly value?: string;
  /** As it was written. */
  readonly text: string;
}

/** Resource attributes. */
export const attributes: ValueType<Pairs> = keyValues({ key: /./, value: /.*/, shown: quote });

/** Headers of a request. Their values are secrets, and a wrong one may show a part of its value in any place. */
export const headers: ValueType<Pairs> = keyValues({
  key: /^[!#$%&'*+.^`|~\w-]+$/,
  value: /^[\t -~]*$/,
  shown: () => 'a header that cannot be sent',
  keyOf: (name) => name.toLowerCase(),
});

/** A mapping of texts, or `key=value,key=value` with percent-encoding. A pair that is wrong is left out. */
function keyValues({
  key,
  value,
  shown,
  keyOf = (name) => name,
}: {
  key: RegExp;
  value: RegExp;
  shown: (text: string) => string;
  keyOf?: (key: string) => string;
}): ValueType<Pairs> {
  const expected = 'pairs of key and text';
  return {
    expected,
    show: (read) => Object.keys(read).join(', ') || 'none',
    read(node, report) {
      const written = pairsOf(node);
      if (written === undefined) {
        report({ where: node.where, found: describeNode(node), expected });
        return undefined;
      }
      const usable = written.filter((pair) => {
        const good = key.test(pair.key ?? '') && value.test(pair.value ?? '');
        if (!good) {
          const form = node.kind === 'mapping' ? 'a name and a text' : 'key=value, percent-encoded';
          report({ where: pair.where, found: shown(pair.text), expected: form, now: 'it is left out' });
        }
        return good;
      });
      if (written.length > 0 && usable.length === 0) return undefined;
      return Object.fromEntries(usable.map((pair) => [keyOf(pair.key ?? ''), pair.value ?? '']));
    },
  };
}

function pairsOf(node: SourceNode): Pair[] | undefined {
  if (node.kind === 'scalar') return words(node.text).map((text) => decode(node.where, text));
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
