import { type Diagnostic, formatDiagnostic } from '../../config/diagnostic.js';
import type { Finding } from './finding.js';
import type { ProcessReport } from './report.js';

/** What other findings say in their own words. */
const SAID_ELSEWHERE =
  /metrics: port \d+ is taken|cannot reach|rejects data|of its own|calls through it are not observed|lost at exit|the configuration /;

/** The other errors and warnings that Redhook has logged in the application. */
export function examineMessages({ lines }: ProcessReport, diagnostics: readonly Diagnostic[]): Finding[] {
  const configuration = new Set(diagnostics.map(formatDiagnostic));
  return lines
    .map(({ level, line }) => ({ level, text: line.replace(/^redhook: /, '') }))
    .filter(({ level }) => level === 'error' || level === 'warn')
    .filter(({ text }) => !SAID_ELSEWHERE.test(text) && !configuration.has(text))
    .map(({ text }) => ({ check: 'messages', severity: 'warning', message: text }));
}
