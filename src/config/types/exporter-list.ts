import { anyOf, quote } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { describeNode, isBlank, isEmpty, itemsOf, type SourceNode } from '../source/source-node.js';
import { namedItems } from './named-items.js';
import type { ValueType } from './value.js';

/** An exporter in the list, with the settings written next to its name. */
export interface ExporterRequest<Name extends string = string> {
  readonly name: Name;
  readonly details?: SourceNode;
}

/** `[otlp, {prometheus: ":9464"}]`: names, alone or with settings. `none` and `{otlp: false}` add nothing. */
export function exporterList<Name extends string>(
  names: readonly Name[],
): ValueType<readonly ExporterRequest<Name>[]> {
  const expected = anyOf([...names, 'none']);
  return {
    expected,
    show: (requests) => requests.map(({ name }) => name).join(', ') || 'none',
    read(node, report) {
      if (isBlank(node)) {
        report({ where: node.where, found: describeNode(node), expected });
        return undefined;
      }
      const read = namedItems(node, expected, report).map(({ where, name: word, value }) => {
        const name = names.find((known) => known === word.toLowerCase());
        if (name !== undefined)
          return value !== undefined && isWord(value, 'false') ? [] : [request(name, value)];
        if (word.toLowerCase() === 'none') return [];
        report({ where, found: quote(word), expected: expected + didYouMean(word, names) });
        return undefined;
      });
      const usable = read.filter((requests) => requests !== undefined);
      return itemsOf(node).length > 0 && usable.length === 0 ? undefined : usable.flat();
    },
  };
}

function request<Name extends string>(name: Name, details?: SourceNode): ExporterRequest<Name> {
  return details === undefined || isEmpty(details) || isWord(details, 'true') ? { name } : { name, details };
}

function isWord(node: SourceNode, word: string): boolean {
  return node.kind === 'scalar' && node.text.trim().toLowerCase() === word;
}
