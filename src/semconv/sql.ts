import { BoundedCache } from './bounded-cache.js';
import { Summary } from './sql-summary.js';

/** What telemetry says of a statement. */
export interface SqlQuery {
  /** The operations and what they are done to: `SELECT orders users`. Absent where nothing is recognized. */
  readonly summary: string | undefined;
  readonly operation: string | undefined;
  /** The table, if there is only one. */
  readonly collection: string | undefined;
  /** The statement with `?` for every literal, without comments. */
  readonly text: string;
}

/** How a database quotes. In the wrong one, what is a literal and what is not may change places. */
export interface SqlDialect {
  /** In PostgreSQL only strings that begin with `E` have escapes. */
  readonly backslashEscapes: boolean;
  /** What `"` encloses. */
  readonly doubleQuotes: 'names' | 'strings';
  /** `$tag$ ... $tag$`. */
  readonly dollarQuotes: boolean;
  /** A comment up to the end of the line. */
  readonly hashComments: boolean;
  /** A comment may contain comments. */
  readonly nestedComments: boolean;
}

export const POSTGRESQL: SqlDialect = {
  backslashEscapes: false,
  doubleQuotes: 'names',
  dollarQuotes: true,
  hashComments: false,
  nestedComments: true,
};

export const MYSQL: SqlDialect = {
  backslashEscapes: true,
  doubleQuotes: 'strings',
  dollarQuotes: false,
  hashComments: true,
  nestedComments: false,
};

/** The rest is not read: what is longer mostly inserts many rows. */
const MAX_LENGTH = 2_048;
/** Statements that are longer are not remembered, nor are more of them. */
const MAX_REMEMBERED_LENGTH = 8_192;
const MAX_REMEMBERED = 300;

/** Creates the function that reads the statements of one dialect. Most applications repeat a few, so it remembers them. */
export function createSqlReader(dialect: SqlDialect): (sql: string) => SqlQuery {
  const known = new BoundedCache<SqlQuery>(MAX_REMEMBERED);
  const token = tokenOf(dialect);
  return (sql) => {
    const found = known.get(sql);
    if (found !== undefined) return found;
    const query = readSql(sql, token, dialect);
    if (sql.length <= MAX_REMEMBERED_LENGTH) known.set(sql, query);
    return query;
  };
}

/** A token of each kind. Those without an end go on to the end of the text, so that no literal is left over. */
function tokenOf({ backslashEscapes, doubleQuotes, dollarQuotes, hashComments }: SqlDialect): RegExp {
  const escaped = (quote: string) =>
    `${quote}(?:[^${quote}\\\\]|\\\\[^]|${quote}${quote})*(?:${quote}|\\\\?$)`;
  const doubled = (quote: string) => `${quote}(?:[^${quote}]|${quote}${quote})*(?:${quote}|$)`;
  const quoted = backslashEscapes ? escaped : doubled;
  const comment = hashComments ? '/\\*|--(?=\\s|$)[^\\n]*|#[^\\n]*' : '/\\*|--[^\\n]*';
  const literals = [
    `[eE]${escaped("'")}`,
    `(?:[bBnNxX]|[uU]&|_\\w+ ?)?${quoted("'")}`,
    ...(doubleQuotes === 'strings' ? [quoted('"')] : []),
    ...(dollarQuotes ? ['\\$((?:[A-Za-z_\\x80-\\uffff][\\w\\x80-\\uffff]*)?)\\$[^]*?(?:\\$\\1\\$|$)'] : []),
    '0[xX][\\da-fA-F_]+|(?:\\d[\\d_]*\\.?[\\d_]*|\\.\\d[\\d_]*)(?:[eE][+-]?\\d+)?',
  ];
  const names = [doubled('`'), ...(doubleQuotes === 'names' ? [doubled('"')] : [])];
  const word = '[A-Za-z_\\x80-\\uffff][\\w$\\x80-\\uffff]*';
  const parameter = `\\$\\d+|[:@]+${word}`;
  const forms = ['\\s+', comment, ...literals, ...names, word, parameter, '[^]'];
  return new RegExp(forms.join('|'), 'y');
}

function readSql(sql: string, token: RegExp, dialect: SqlDialect): SqlQuery {
  const isCut = sql.length > MAX_LENGTH;
  const source = isCut ? sql.slice(0, MAX_LENGTH) : sql;
  const summary = new Summary();
  let text = '';
  let isSpaced = false;
  for (let at = 0; at < source.length; at = token.lastIndex) {
    token.lastIndex = at;
    // What `exec` returns costs more than all the rest.
    token.test(source);
    const found = source.slice(at, token.lastIndex);
    const kind = kindOf(found, dialect);
    if (kind === 'space') {
      isSpaced = text !== '';
      if (found === '/*') token.lastIndex = endOfComment(source, token.lastIndex, dialect.nestedComments);
      continue;
    }
    const shown = kind === 'literal' ? '?' : found;
    text += isSpaced ? ` ${shown}` : shown;
    isSpaced = false;
    if (kind === 'word') summary.word(found);
    else if (kind === 'name') summary.name(found.slice(1, -1));
    else summary.other(shown);
  }
  return { ...summary.end(), text: isCut ? `${text}...` : text };
}

/** The kind of a token, which its first letters give away. */
function kindOf(
  token: string,
  { doubleQuotes }: SqlDialect,
): 'space' | 'literal' | 'name' | 'word' | 'other' {
  const first = token.charAt(0);
  const second = token.charAt(1);
  if (first <= ' ' || token.startsWith('--') || token === '/*') return 'space';
  if (first === '`') return 'name';
  if (first === '"') return doubleQuotes === 'names' ? 'name' : 'literal';
  if (first === "'" || isDigit(first)) return 'literal';
  if (isLetter(first)) return token.includes("'") ? 'literal' : 'word';
  if (first === '.') return isDigit(second) ? 'literal' : 'other';
  if (first === '$') return isLetter(second) || second === '$' ? 'literal' : 'other';
  return first === '#' && second !== '' ? 'space' : 'other';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}

function isLetter(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z') || char === '_' || char >= '\x80';
}

const COMMENT_SIGN = /\/\*|\*\//g;

/** `begin` is behind the first sign of a comment. */
function endOfComment(sql: string, begin: number, isNested: boolean): number {
  COMMENT_SIGN.lastIndex = begin;
  let depth = 1;
  for (let match = COMMENT_SIGN.exec(sql); match !== null; match = COMMENT_SIGN.exec(sql)) {
    if (match[0] === '*/') depth -= 1;
    else if (isNested) depth += 1;
    if (depth === 0) return COMMENT_SIGN.lastIndex;
  }
  return sql.length;
}
