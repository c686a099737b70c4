import { anyOf, IGNORED, quote, type Report } from '../diagnostic.js';
import { didYouMean } from '../did-you-mean.js';
import { type Setting, settings } from '../settings.js';
import { describeNode, isEmpty, type SourceNode } from './source-node.js';

/** The keys allowed below a path. `''` is the top of the file. */
export function keysBelow(path: string): string[] {
  const prefix = path === '' ? '' : `${path}.`;
  const below = paths().filter((each) => each.startsWith(prefix));
  return [...new Set(below.map((each) => each.slice(prefix.length).replace(/[.[].*$/, '')))];
}

/**
 * The values in a part of the file, by the path of their setting. Empty values are absent. Keys that belong to no
 * setting are reported.
 */
export function valuesBelow(path: string, node: SourceNode, report: Report): Map<string, SourceNode> {
  const values = new Map<string, SourceNode>();
  collect(path, node, values, report);
  return values;
}

function collect(path: string, node: SourceNode, values: Map<string, SourceNode>, report: Report): void {
  if (isEmpty(node)) return;
  if (paths().includes(path)) {
    values.set(path, node);
    return;
  }
  const keys = keysBelow(path);
  if (node.kind === 'mapping') {
    for (const { key, where, value } of node.entries) {
      if (keys.includes(key)) collect(path === '' ? key : `${path}.${key}`, value, values, report);
      else ignore(where, quote(key), anyOf(keys) + didYouMean(key, keys), report);
    }
    return;
  }
  const shorthand = node.kind === 'scalar' ? shorthandOf(path) : undefined;
  if (shorthand !== undefined) values.set(shorthand, node);
  else ignore(node.where, describeNode(node), `a mapping with ${anyOf(keys)}`, report);
}

function ignore(where: string, found: string, expected: string, report: Report): void {
  report({ severity: 'error', where, found, expected, now: IGNORED });
}

function shorthandOf(path: string): string | undefined {
  return settings.find((setting) => setting.shorthand && setting.path?.startsWith(`${path}.`))?.path;
}

function paths(): string[] {
  return settings.map(({ path }: Setting<unknown>) => path).filter((path) => path !== undefined);
}
