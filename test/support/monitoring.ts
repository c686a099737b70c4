/** The queries of examples/monitoring. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { DASHBOARDS } from '../../examples/monitoring/src/files.mts';

export const MONITORING = resolve(import.meta.dirname, '../../examples/monitoring');

export interface Panel {
  readonly dashboard: string;
  readonly title: string;
  readonly description: string;
  readonly queries: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly unit: string;
}

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function panels(): Panel[] {
  return DASHBOARDS.flatMap((dashboard) =>
    // Written and read again, because the builders type panels as anything.
    JSON.parse(JSON.stringify(dashboard.panels))
      .filter(({ type }: { type: string }) => type !== 'row')
      .map(({ title, description, targets, fieldConfig }: Record<string, never>) => ({
        dashboard: dashboard.uid,
        title,
        description,
        queries: targets,
        unit: fieldConfig?.['defaults']?.['unit'],
      })),
  );
}

export function ruleText(file: 'rules.yaml' | 'alerts.yaml'): string {
  return readFileSync(join(MONITORING, file), 'utf8');
}

export function rulesIn(text: string): Rule[] {
  return parse(text).groups.flatMap(({ rules }: { rules: Rule[] }) => rules);
}

/** The queries of docs/runtime-checks.md, one a line. */
export function chapterQueries(): string[] {
  const text = readFileSync(resolve(MONITORING, '../../docs/runtime-checks.md'), 'utf8');
  return [...text.matchAll(/```promql\n(.*?)\n```/gs)].flatMap(([, block = '']) => block.split('\n'));
}
