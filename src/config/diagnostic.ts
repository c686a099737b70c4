import { withoutCredentials } from '../semconv/url.js';

export type Severity = 'error' | 'warn' | 'info';

/** Something in the configuration that is not as it should be. It never stops the application. */
export interface Diagnostic {
  readonly severity: Severity;
  /** `file:line:column`, a file, or the name of an environment variable. */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  /** What happens now, in place of what was asked for. */
  readonly now: string;
}

export type Report = (diagnostic: Diagnostic) => void;

/** A problem as the reader of one value sees it; what happens now is often known only after all have been read. */
export interface DiagnosticDraft extends Pick<Diagnostic, 'where' | 'found' | 'expected'> {
  readonly severity?: Severity;
  readonly now?: string;
}

export type ReportDraft = (draft: DiagnosticDraft) => void;

export const FILE_NOT_USED = 'the defaults and the environment are used';
export const IGNORED = 'it is ignored';

const LONGEST = 60;
// Characters that would break the line, move the cursor or turn the reading direction around.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A problem in exactly one line. */
export function formatDiagnostic({ where, found, expected, now }: Diagnostic): string {
  return `${where}: found ${found}, expected ${expected}, now ${now}`.replace(UNPRINTABLE, escaped);
}

/** A piece of the user's text, bounded, in quotes, without the credentials of a URL. */
export function quote(given: string): string {
  const text = withoutCredentials(given);
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
}

/** `a, b or c` */
export function anyOf(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** A URL as it may be printed: without credentials and without its query, which may hold keys. */
export function printable(url: string): string {
  return withoutCredentials(url)
    .replace(/^[^/?#]*@/, '')
    .replace(/[?#].*$/s, '');
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
}
