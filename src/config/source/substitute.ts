export type Env = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\{([^}\n]*)\}/g;
const WELL_FORMED = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/;
const NAME_SO_FAR = /^[\w.-]*/;
const UNCLOSED = /\$\{([^}]*)$/;

/** A reference that has no value, by its text. A wrong one is cut before anything that may be a secret. */
export interface ReferenceProblem {
  readonly kind: 'malformed' | 'unset' | 'unclosed';
  readonly reference: string;
}

/**
 * Substitutes `${NAME}`, `${env:NAME}` and `${NAME:-default}`, and replaces `$$` by `$`. Substituted text is not
 * scanned again. A malformed reference makes the whole result empty. A variable that is not set, or empty, and has no
 * default is reported too: an endpoint made of it would quietly become the default. A reference that is not closed is text
 * for the specification, and hardly ever meant so.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/data-model/#environment-variable-substitution
 */
export function substitute(text: string, env: Env, report: (problem: ReferenceProblem) => void): string {
  let malformed = false;
  const value = (whole: string, reference: string): string => {
    const [, name, fallback] = WELL_FORMED.exec(reference) ?? [];
    if (name !== undefined) {
      // `process.env` inherits from Object.prototype, so it has a `constructor`.
      const set = Object.hasOwn(env, name) ? env[name] : undefined;
      if (!set && fallback === undefined) report({ kind: 'unset', reference: whole });
      return set || (fallback ?? '');
    }
    malformed = true;
    report({ kind: 'malformed', reference: beginningOf(reference) });
    return '';
  };
  const [, unclosed] = UNCLOSED.exec(text.replaceAll('$$', '')) ?? [];
  if (unclosed !== undefined) report({ kind: 'unclosed', reference: beginningOf(unclosed) });
  const result = text
    .split('$$')
    .map((part) => part.replace(REFERENCE, value))
    .join('$');
  return malformed ? '' : result;
}

function beginningOf(reference: string): string {
  return `\${${NAME_SO_FAR.exec(reference)?.[0]}...`;
}
