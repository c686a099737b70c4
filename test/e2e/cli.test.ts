/** The command `redhook`, as a process. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { NODES } from '../support/app.js';
import { redhook } from '../support/cli.js';
import { inFolder } from '../support/load-config.js';

const BROKEN = 'log_level: loud\ntraces:\n  sampler: always_on\n  exporters:\n    - oltp: http://c:4317\n';

test('check prints every problem with its line, and fails', () => {
  inFolder({ 'app.yaml': BROKEN }, (cwd) => {
    expect(redhook(['check', 'app.yaml'], { cwd, env: { OTEL_BSP_SCHEDULE_DELAY: 'soon' } })).toEqual({
      code: 1,
      stdout: `error app.yaml:1:12: found "loud", expected none, error, warn, info or debug; using info
1 | log_level: loud
  |            ^

error app.yaml:5:7: found "oltp", expected otlp, console or none (did you mean otlp?); using otlp
5 |     - oltp: http://c:4317
  |       ^

error OTEL_BSP_SCHEDULE_DELAY: found "soon", expected a duration such as 2s or 500ms, or a number of milliseconds; using 5s
app.yaml: 3 errors, 0 warnings, 0 notes
`,
      stderr: '',
    });
  });
});

test.each([
  ['a file without problems', { 'otel-autoconf.yaml': 'log_level: warn' }, 'otel-autoconf.yaml: no problems'],
  ['no file', {}, 'no configuration file: the environment and the defaults apply: no problems'],
  ['a note', { 'otel-autoconf.yaml': 'exit: {timeout: 5}' }, '0 errors, 0 warnings, 1 note'],
])('check succeeds with %s', (_, files: Record<string, string>, summary) => {
  inFolder(files, (cwd) => {
    const { code, stdout } = redhook(['check'], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(summary) });
  });
});

test('an override by a variable is a note, and no error', () => {
  inFolder({ 'a.yaml': 'traces: {exporters: [otlp]}' }, (cwd) => {
    const { code, stdout } = redhook(['check', 'a.yaml'], { cwd, env: { OTEL_TRACES_EXPORTER: 'none' } });
    expect(stdout).toMatch(/^info OTEL_TRACES_EXPORTER=none overrides a\.yaml:1:21: otlp is off\n/);
    expect(code).toBe(0);
  });
});

test('a file that does not exist is an error', () => {
  const { code, stdout } = redhook(['check', '/nowhere.yaml']);
  expect(code).toBe(1);
  expect(stdout).toContain('/nowhere.yaml: found no readable file (ENOENT)');
});

/**
 * In processor time, which other tests beside this one raise by half: alone it takes 150 to 190 ms.
 */
test('a file of 2,000 lines is checked at once, in the time of a few starts', () => {
  const exporter = (n: number) =>
    `    - otlp:\n        endpoint: http://c${n}:4317\n        timeout: 3s\n        compression: gzip\n`;
  const yaml = `traces:\n  exporters:\n${Array.from({ length: 500 }, (_, n) => exporter(n)).join('')}`;
  const env = { NODE_OPTIONS: `--require ${resolve(import.meta.dirname, '../apps/cpu-time.cjs')}` };
  inFolder({ 'large.yaml': yaml, 'small.yaml': 'log_level: info\n' }, (cwd) => {
    const cpuOf = (file: string): number => {
      const { stdout, stderr } = redhook(['check', file], { cwd, env });
      expect(stdout).toBe(`${file}: no problems\n`);
      return Number(/^cpu (.*)$/m.exec(stderr)?.[1]);
    };
    const runs = Array.from({ length: 5 }, () => ({
      large: cpuOf('large.yaml'),
      small: cpuOf('small.yaml'),
    }));
    const least = (name: 'large' | 'small') => Math.min(...runs.map((run) => run[name]));
    expect(least('large') / least('small')).toBeLessThan(8);
  });
});

test('config prints what applies and where it comes from, and problems apart from it', () => {
  inFolder({ 'a.yaml': 'log_level: loud\nexit: {timeout: 1s}' }, (cwd) => {
    const { code, stdout, stderr } = redhook(['config', 'a.yaml'], { cwd });
    expect(stdout).toContain('timeout: 1s # a.yaml:2:17\n');
    expect(stdout).toContain('log_level: info # default\n');
    expect(stderr).toMatch(/^redhook: error a\.yaml:1:12: found "loud", [^\n]+\n$/);
    expect(code).toBe(1);
  });
});

test('config --as official prints the declarative form', () => {
  const { code, stdout } = redhook(['config', '--as', 'official'], { cwd: '/' });
  expect(stdout).toMatch(/^#[^\n]+\nfile_format: "1\.1"\n/);
  expect(code).toBe(0);
});

test.each([
  [['chekc'], 'there is no command "chekc" (did you mean check?); see `redhook help`'],
  [['check', 'a', 'b'], 'one file at a time, and not "b" too; see `redhook help check`'],
  [['check', '--fast'], "Unknown option '--fast'; see `redhook help check`"],
  [['config', '--as', 'json'], '--as takes "short" or "official", and not "json"; see `redhook help config`'],
])('%j is a wrong command line', (args, line) => {
  expect(redhook(args)).toEqual({ code: 2, stdout: '', stderr: `redhook: ${line}\n` });
});

test.each([[[]], [['help']], [['--help']], [['help', 'check']], [['check', '--help']], [['--version']]])(
  '%j prints help or the version',
  (args) => {
    const { code, stdout, stderr } = redhook(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/redhook|^\d+\.\d+\.\d+$/m);
  },
);

test('an old Node is told which one is needed', () => {
  const node = resolve(import.meta.dirname, '../nodes/node_modules/node12/bin/node');
  const { code, stderr } = redhook(['check'], { node });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'redhook: needs Node 22.15 or later, and this is 12.22.12\n',
  });
});

test.each(Object.entries(NODES))('it runs on Node %s', (_, node) => {
  inFolder({}, (cwd) => {
    writeFileSync(join(cwd, 'a.yaml'), 'log_level: debug');
    expect(redhook(['check', 'a.yaml'], { node, cwd })).toMatchObject({ code: 0, stderr: '' });
  });
});
