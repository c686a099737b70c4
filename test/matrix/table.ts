/** Prints the rows of the matrix as a table. */
import type { Row } from './run-case.js';

const COLUMNS: Record<string, (row: Row) => string> = {
  case: ({ name }) => name,
  'sent/served': ({ sent, served }) => `${sent}/${served}`,
  exit: ({ end, bareEnd }) => (end === bareEnd ? `${end} as bare` : `${end}, bare ${bareEnd}`),
  made: ({ made }) => String(made),
  delivered: ({ delivered }) => String(delivered),
  'lost, counted': ({ counted }) => String(counted),
  'peak MB (bare)': ({ megabytes, bareMegabytes }) => `${megabytes} (${bareMegabytes})`,
  lines: ({ lines }) => String(lines.length),
};

export function heading(names: readonly string[]): string {
  return `${lineOf(Object.keys(COLUMNS), names)}\n`;
}

export function rowLine(row: Row, names: readonly string[]): string {
  if (row.skipped !== undefined) return `SKIP ${row.name.padEnd(width(names))}  needs: ${row.skipped}\n`;
  const cells = Object.values(COLUMNS).map((cell) => cell(row));
  const verdict = row.problems.length === 0 ? 'ok  ' : 'FAIL';
  const problems = row.problems.map((problem) => `       ${problem}\n`).join('');
  return `${lineOf(cells, names, verdict)}\n${problems}`;
}

function lineOf([name = '', ...cells]: string[], names: readonly string[], verdict = '    '): string {
  const padded = cells.map((cell, index) => cell.padEnd(Object.keys(COLUMNS)[index + 1]?.length ?? 0));
  return [`${verdict} ${name.padEnd(width(names))}`, ...padded].join('  ').trimEnd();
}

function width(names: readonly string[]): number {
  return Math.max(...names.map(({ length }) => length));
}
