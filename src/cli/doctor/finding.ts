/** One thing that was examined, and how it is. */
export interface Finding {
  /** What was examined, in a word: `node`, `collector`. */
  readonly check: string;
  /** `error`: telemetry is missing. `warning`: some may be missing. `note`: worth knowing. */
  readonly severity: 'ok' | 'note' | 'warning' | 'error';
  /** One plain sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly fix?: string;
}

const LABELS = { ok: 'ok     ', note: 'note   ', warning: 'WARNING', error: 'ERROR  ' };

/** One line each, and a second one for what to do. */
export function formatFinding({ severity, message, fix }: Finding): string {
  const line = `${LABELS[severity]}  ${message}`;
  return fix === undefined ? line : `${line}\n         -> ${fix}`;
}

export function summaryOf(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  if (errors + warnings === 0) return 'All is well.';
  return `${plural(errors, 'error')}, ${plural(warnings, 'warning')}.`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
