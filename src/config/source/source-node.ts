import { quote } from '../diagnostic.js';

/**
 * What a configuration is read from: a tree whose parts know where they stand. A file becomes one such tree, an
 * environment variable a single scalar, so that both are read and complained about in the same way.
 */
export type SourceNode = ScalarNode | ListNode | MappingNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly where: string;
  /** Typed as YAML types it; text when it stands in quotes or comes from the environment. */
  readonly value: string | number | boolean | null;
  /** As it was written. */
  readonly text: string;
}

export interface ListNode {
  readonly kind: 'list';
  readonly where: string;
  readonly items: readonly SourceNode[];
}

export interface MappingNode {
  readonly kind: 'mapping';
  readonly where: string;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly key: string;
  /** Where the key stands. */
  readonly where: string;
  readonly value: SourceNode;
}

export function scalar(where: string, text: string): ScalarNode {
  return { kind: 'scalar', where, value: text, text };
}

/** True for a value that was left out, which is the same as an unset one. */
export function isEmpty(node: SourceNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** The items of a list, also when it is written as `a,b` or as a single mapping. */
export function itemsOf(node: SourceNode): readonly SourceNode[] {
  if (node.kind === 'list') return node.items.filter((item) => !isEmpty(item));
  return node.kind === 'scalar' ? words(node.text).map((word) => scalar(node.where, word)) : [node];
}

/** The parts of `a, b`. */
export function words(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** What a value looks like, for a diagnostic about it. */
export function describeNode(node: SourceNode): string {
  return node.kind === 'scalar' ? quote(node.text.trim()) : `a ${node.kind}`;
}
