import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import { printable } from './diagnostic.js';
import { mayHoldSecret } from './secret-key.js';
import type { ConfigFile } from './source/file.js';

/** Draws the line that a `where` names. `undefined` if it names no place in the file. */
export type Excerpt = (where: string) => string | undefined;

const POSITION = /^(\d+):(\d+)$/;
/** How much of a long line is shown on each side of the place. */
const MAX_SIDE = 60;
/** Stands for one character of a secret, so that columns stay. */
const VEIL = '\0';
const VEILED = /\0+/g;
/** What may be the credentials of a URL. */
const CREDENTIALS = /(?<=:\/\/)\S+(?=@)/g;
/** A key at the start of a line: in a file that cannot be parsed, the only part that is surely no secret. */
const LEADING_KEY = /^[\s-]*(?:[\w./-]+:(?!\S))?/;

/**
 * Excerpts of a file, as it is written, with a caret below the place:
 *
 *     3 | log_level: loud
 *       |            ^
 *
 * For people at a terminal; the log keeps one line for each diagnostic. Values that may be secrets are hidden.
 */
export function excerptsOf({ name, text }: Pick<ConfigFile, 'name' | 'text'>): Excerpt {
  const withoutCredentials = text.replaceAll(VEIL, ' ').replace(CREDENTIALS, veil);
  const lines = veiled(withoutCredentials).split(/\r?\n/);
  return (where) => {
    if (!where.startsWith(`${name}:`)) return undefined;
    const [, row = '', column] = POSITION.exec(where.slice(name.length + 1)) ?? [];
    const line = lines[Number(row) - 1];
    return line === undefined ? undefined : draw(row, line, Number(column) - 1);
  };
}

function draw(row: string, line: string, place: number): string {
  const start = Math.max(0, place - MAX_SIDE);
  const end = place + MAX_SIDE;
  const before = (start > 0 ? '...' : '') + shown(line.slice(start, place));
  const after = shown(line.slice(place, end)) + (end < line.length ? '...' : '');
  const margin = ' '.repeat(row.length);
  return `${row} | ${before}${after}\n${margin} | ${' '.repeat([...before].length)}^`;
}

function shown(part: string): string {
  return printable(part.replaceAll('\t', ' ').replace(VEILED, '***'));
}

/** The text with a veil over every value that may be a secret, and over what follows it on its line. */
function veiled(text: string): string {
  if (!mayHoldSecret(text)) return text;
  const ranges = secretRanges(text);
  if (ranges === undefined) return text.replace(/^.*$/gm, veiledLine);
  let result = text;
  for (const [start, end] of ranges) {
    const lineEnd = text.indexOf('\n', Math.max(start, end - 1));
    const to = lineEnd === -1 ? text.length : lineEnd;
    result = result.slice(0, start) + veil(result.slice(start, to)) + result.slice(to);
  }
  return result;
}

/** Without a structure nobody knows what belongs to a secret key. */
function veiledLine(line: string): string {
  const [key = ''] = LEADING_KEY.exec(line) ?? [];
  return key + veil(line.slice(key.length));
}

function veil(text: string): string {
  return text.replace(/[^\r\n]/g, VEIL);
}

/** From where to where the secrets of the document are. `undefined` if it cannot be parsed. */
function secretRanges(text: string): [start: number, end: number][] | undefined {
  try {
    const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false });
    if (document.errors.length > 0) return undefined;
    const ranges: [number, number][] = [];
    visit(document, {
      Pair(_, { key, value }) {
        if (isScalar(key) && mayHoldSecret(String(key.value))) addScalars(value, document, ranges);
      },
    });
    return ranges;
  } catch {
    return undefined;
  }
}

/** Adds the range of every scalar that a node contains or refers to. */
function addScalars(root: unknown, document: Document, ranges: [number, number][]): void {
  const seen = new Set<unknown>();
  const add = (node: unknown): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (isMap(node)) for (const { value } of node.items) add(value);
    else if (isSeq(node)) node.items.forEach(add);
    else if (isAlias(node)) add(node.resolve(document));
    else if (isScalar(node) && node.range) ranges.push([node.range[0], node.range[1]]);
  };
  add(root);
}
