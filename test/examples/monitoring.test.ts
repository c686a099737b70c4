import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DASHBOARDS, generatedFiles } from '../../examples/monitoring/src/files.mts';
import { MONITORING, panels, rulesIn, ruleText } from '../support/monitoring.js';
import { hasProgram } from '../support/program.js';
import { namesIn, withVariables } from '../support/promql.js';

const README = readFileSync(join(MONITORING, 'README.md'), 'utf8');
const RULES = [...rulesIn(ruleText('rules.yaml')), ...rulesIn(ruleText('alerts.yaml'))];

test('the committed files are those that the sources emit', () => {
  for (const [path, text] of generatedFiles())
    expect(readFileSync(join(MONITORING, path), 'utf8'), path).toBe(text);
  const committed = globSync('dashboards/*', { cwd: MONITORING });
  expect(new Set([...committed, 'rules.yaml'])).toEqual(new Set(generatedFiles().keys()));
});

test.each(DASHBOARDS)(
  '$title has a place in README.md, a tag, and a choice of source and service',
  (board) => {
    expect(README).toContain(`(dashboards/${board.uid}.json)`);
    expect(board).toMatchObject({ uid: expect.stringMatching(/^redhook-/), tags: ['redhook'] });
    const names = board.templating?.list?.map(({ name }) => name);
    expect(names?.slice(0, 2)).toEqual(['datasource', 'service']);
  },
);

test.each(panels())('$dashboard, $title: says what it shows, in a unit and with legends', (panel) => {
  const { title, description, unit, queries } = panel;
  expect([title, description, unit].every((text) => text.length > 0)).toBe(true);
  for (const { expr, legendFormat } of queries) {
    const { labels, errors } = namesIn(withVariables(expr, '1m'));
    expect(errors, expr).toEqual([]);
    const shown = [...legendFormat.matchAll(/\{\{(.*?)\}\}/g)].map(([, label]) => label);
    expect(shown.length).toBeGreaterThan(0);
    for (const label of shown) expect([...labels], expr).toContain(label);
  }
});

test.each(RULES)('$record$alert is PromQL', ({ expr }) => {
  expect(namesIn(expr).errors).toEqual([]);
});

test('a broken query is found', () => {
  expect(namesIn('sum by (le) (up').errors).not.toEqual([]);
});

test('every alert has a runbook and a test in which it fires', () => {
  const tests = readFileSync(join(MONITORING, 'tests/alerts.yaml'), 'utf8');
  const headings = [...README.matchAll(/^### (\w+)$/gm)].map(([, heading]) => heading);
  const alerts = rulesIn(ruleText('alerts.yaml'));
  expect(new Set(headings)).toEqual(new Set(alerts.map(({ alert }) => alert)));
  for (const { alert, annotations } of alerts) {
    expect(annotations?.['runbook_url']).toBe(`README.md#${alert?.toLowerCase()}`);
    expect(tests).toContain(`ALERTS{alertname="${alert}"`);
  }
});

describe.runIf(hasProgram('promtool', 'apt-get install prometheus'))('promtool', () => {
  const promtool = (cwd: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };
  const testFiles = globSync('tests/*.yaml', { cwd: MONITORING });

  test('finds no fault in the rules', () => {
    const { status, output } = promtool(
      MONITORING,
      'check',
      'rules',
      '--lint=all',
      'rules.yaml',
      'alerts.yaml',
    );
    expect(status, output).toBe(0);
  });

  test('runs the tests of the rules and the alerts', () => {
    const { status, output } = promtool(MONITORING, 'test', 'rules', ...testFiles);
    expect(status, output).toBe(0);
  });

  test('notices each alert that cannot fire', () => {
    const folder = mkdtempSync(join(tmpdir(), 'redhook-monitoring-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    cpSync(MONITORING, folder, { recursive: true });
    const never = ruleText('alerts.yaml').replaceAll(/for: \w+/g, 'for: 30d');
    writeFileSync(join(folder, 'alerts.yaml'), never);
    const { status, output } = promtool(folder, 'test', 'rules', 'tests/alerts.yaml');
    expect(status).toBe(1);
    for (const { alert } of rulesIn(ruleText('alerts.yaml')))
      expect(output).toContain(`alertname="${alert}"`);
  });
});
