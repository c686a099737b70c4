import { expect, test } from 'vitest';
import { applicationOf, examineLoading, loadsRedhook } from '../../../src/cli/doctor/loading.js';
import type { ProcessReport } from '../../../src/cli/doctor/report.js';

function process(report: Partial<ProcessReport>): ProcessReport {
  return {
    pid: 1,
    node: '24.0.0',
    isThread: false,
    cwd: '/',
    argv: ['node', '/srv/app.js'],
    execArgv: [],
    env: {},
    isStarted: true,
    lines: [],
    attached: [],
    packages: [],
    ports: [],
    ...report,
  };
}

const RUN = { reports: [], unreported: [], stderr: '' };

test('the application is the process that listens, else the newest with Redhook, else the newest', () => {
  const npm = process({ pid: 9, argv: ['node', '/usr/lib/node_modules/npm/bin/npm-cli.js'] });
  const thread = process({ pid: 8, isThread: true, ports: [1] });
  const bare = process({ pid: 4, isStarted: false });
  const started = process({ pid: 3 });
  const listening = process({ pid: 2, ports: [80] });
  expect(applicationOf([npm, thread, bare, started, listening])).toBe(listening);
  expect(applicationOf([npm, thread, bare, started])).toBe(started);
  expect(applicationOf([npm, thread, bare])).toBe(bare);
  expect(applicationOf([npm, thread])).toBeUndefined();
});

test.each([
  [['node', '--import', 'redhook/register', 'app.js'], '', true],
  [['node', 'app.js'], '--require /otel/autoinstrumentation.js', true],
  [['node', 'app.js'], '--max-old-space-size=100', false],
])('%j with NODE_OPTIONS=%s loads Redhook: %s', (command, options, loads) => {
  expect(loadsRedhook(command, options)).toBe(loads);
});

test.each([
  [{ execArgv: ['--import', 'redhook/register'] }, true, 'loaded by --import redhook/register'],
  [{ execArgv: ['--require=/opt/redhook'] }, false, 'loaded by --require=/opt/redhook'],
  [
    { env: { NODE_OPTIONS: '--require "/a/report.cjs" --require /a/redhook' } },
    true,
    'loaded by NODE_OPTIONS',
  ],
  [{ env: { NODE_OPTIONS: '--require "/redhook/report.cjs"' } }, true, 'the doctor has added the flag'],
  [{}, false, 'loaded by the code of the application'],
  [{ isStarted: false }, false, 'not loaded'],
  [{ node: '20.1.0', isStarted: false }, false, 'Node 20.1.0 is older'],
])('of %j, where the doctor adds the flag: %s, it says "%s"', (report, isAdded, words) => {
  const messages = examineLoading(RUN, process(report), isAdded).map(({ message }) => message);
  expect(messages.join('\n')).toContain(words);
});

test('a command that starts no Node is reported with its end', () => {
  const run = { ...RUN, ended: { code: 127, signal: null }, stderr: 'sh: nodee: not found\n' };
  expect(examineLoading(run, undefined, true)[0]?.message).toBe(
    'the command has started no Node process that NODE_OPTIONS reaches; it ended with code 127 (sh: nodee: not found)',
  );
});
