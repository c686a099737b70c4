export type Env = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\{([^}\n]*)\}/g;
const WELL_FORMED = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/;
const NAME_SO_FAR = /^[\w.-]*/;

/**
 * Substitutes `${NAME}`, `${env:NAME}` and `${NAME:-default}`, and replaces `$$` by `$`. Substituted text is not
 * scanned again. A malformed reference makes the whole result empty; `report` receives only its start, which cannot
 * contain a secret.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/data-model/#environment-variable-substitution
 */
export function substitute(text: string, env: Env, report: (reference: string) => void): string {
  let malformed = false;
  const value = (_: string, reference: string): string => {
    const [, name, fallback = ''] = WELL_FORMED.exec(reference) ?? [];
    // `process.env` inherits from Object.prototype, so it has a `constructor`.
    if (name !== undefined) return (Object.hasOwn(env, name) && env[name]) || fallback;
    malformed = true;
    report(`\${${NAME_SO_FAR.exec(reference)?.[0]}...`);
    return '';
  };
  const result = text
    .split('$$')
    .map((part) => part.replace(REFERENCE, value))
    .join('$');
  return malformed ? '' : result;
}
