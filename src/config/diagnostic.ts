import { withoutCredentials } from '../semconv/url.js';

export type Severity = 'error' | 'warn' | 'info';

/** Something in the configuration that the user should know. It never stops the application. */
export type Diagnostic = Problem | Notice;

/** A value that cannot be used as it is. */
export interface Problem {
  readonly severity: Severity;
  /** `file:line:column`, a file, or the name of an environment variable. */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  /** What Redhook does instead: `using info`, `ignored`. */
  readonly now: string;
}

/** A valid configuration with an effect that the user may not expect. */
export interface Notice {
  readonly severity: 'info';
  readonly where: string;
  /** The whole line. */
  readonly message: string;
}

export type Report = (diagnostic: Diagnostic) => void;

/** A problem as the reader of one value reports it. `now` is often known only after all sources have been read. */
export interface DiagnosticDraft extends Pick<Problem, 'where' | 'found' | 'expected'> {
  readonly severity?: Severity;
  readonly now?: string;
}

export type ReportDraft = (draft: DiagnosticDraft) => void;

export const FILE_NOT_USED = 'using only the environment and the defaults';
export const IGNORED = 'ignored';

const MAX_QUOTED = 60;
/** A password with a character that ends the host of a URL. What stands there instead of a port tells it. */
const UNENCODED_PASSWORD = /:\/\/[^:/?#\s]*:(?!\d*(?:[/?#]|$))\S*@/g;
// Characters that break the line, move the cursor or reverse the reading direction.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Formats a diagnostic as exactly one line. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return printable('message' in diagnostic ? diagnostic.message : describeProblem(diagnostic));
}

function describeProblem({ where, found, expected, now }: Problem): string {
  return `${where}: found ${found}, expected ${expected}; ${now}`;
}

/** Quotes user input, truncated and without the credentials of a URL. */
export function quote(input: string): string {
  const text = withoutPasswords(input);
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text);
}

/** `a, b or c` */
export function anyOf(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** A URL that is safe to print: without credentials and without the query, which may contain keys. */
export function redactedEndpoint(url: string): string {
  return withoutPasswords(url)
    .replace(/^[^/?#]*@/, '')
    .replace(/[?#].*$/s, '');
}

function withoutPasswords(text: string): string {
  return withoutCredentials(text.replace(UNENCODED_PASSWORD, '://'));
}

/** Escapes the characters of a text that would change how a terminal shows it. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
}
