import type { Complain } from '../diagnostic.js';
import { describe, itemsOf, type Node } from '../source/source-node.js';

/** One of a list of names: alone (`http`), or with what is said about it (`http: false`). */
export interface NamedItem {
  readonly where: string;
  readonly name: string;
  readonly value?: Node;
}

/** The names of `[http, {fastify: true}]`, `{http: true, fastify: true}` or `http,fastify`. */
export function namedItems(node: Node, expected: string, complain: Complain): NamedItem[] {
  return itemsOf(node).flatMap((item): NamedItem[] => {
    if (item.kind === 'scalar') return [{ where: item.where, name: item.text.trim() }];
    if (item.kind === 'mapping')
      return item.entries.map(({ key, where, value }) => ({ where, name: key, value }));
    complain({ where: item.where, found: describe(item), expected });
    return [];
  });
}
