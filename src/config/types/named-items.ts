import type { ReportDraft } from '../diagnostic.js';
import { describeNode, itemsOf, type SourceNode } from '../source/source-node.js';

/** A name in a list: alone (`http`) or with a value (`http: false`). */
export interface NamedItem {
  readonly where: string;
  readonly name: string;
  readonly value?: SourceNode;
}

/** The names of `[http, {fastify: true}]`, `{http: true, fastify: true}` or `http,fastify`. */
export function namedItems(node: SourceNode, expected: string, report: ReportDraft): NamedItem[] {
  return itemsOf(node).flatMap((item): NamedItem[] => {
    if (item.kind === 'scalar') return [{ where: item.where, name: item.text.trim() }];
    if (item.kind === 'mapping')
      return item.entries.map(({ key, where, value }) => ({ where, name: key, value }));
    report({ where: item.where, found: describeNode(item), expected });
    return [];
  });
}
