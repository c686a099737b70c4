import { quote } from '../diagnostic.js';

/**
 * A configuration source as a tree whose nodes know their position. A file becomes a tree and an environment variable
 * becomes a single scalar, so the same code reads both and reports errors in both.
 */
export type SourceNode = ScalarNode | ListNode | MappingNode;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly where: string;
  /** The value as YAML types it. A string when it is quoted or comes from the environment. */
  readonly value: string | number | boolean | null;
  /** The source text, after environment substitution. */
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
  /** The position of the key. */
  readonly where: string;
  readonly value: SourceNode;
}

export function scalar(where: string, text: string): ScalarNode {
  return { kind: 'scalar', where, value: text, text };
}

/** True for an empty value (`key:`), which counts as unset. */
export function isEmpty(node: SourceNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** The items of a list, which may also be written as `a,b` or as a single mapping. */
export function itemsOf(node: SourceNode): readonly SourceNode[] {
  if (node.kind === 'list') return node.items.filter((item) => !isEmpty(item));
  return node.kind === 'scalar' ? commaSeparated(node.text).map((word) => scalar(node.where, word)) : [node];
}

/** True for text without a word, such as `""` or `,`. It is hardly meant as a list of nothing. */
export function isBlank(node: SourceNode): boolean {
  return node.kind === 'scalar' && itemsOf(node).length === 0;
}

/** The non-empty parts of `a, b`. */
export function commaSeparated(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** Describes a value in a diagnostic. */
export function describeNode(node: SourceNode): string {
  return node.kind === 'scalar' ? quote(node.text.trim()) : `a ${node.kind}`;
}
