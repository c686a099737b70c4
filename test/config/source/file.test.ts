import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inFolder, loadIn } from '../../support/load-config.js';

const FILES = {
  'otel-autoconf.yaml': 'service: {name: found}',
  'conf/redhook.yaml': 'service: {name: redhook}',
  'conf/otel.yaml': 'service: {name: otel}',
  'package.json': '{"name":"app"}',
};

test.each([
  [{}, 'found'],
  [{ OTEL_CONFIG_FILE: 'conf/otel.yaml' }, 'otel'],
  [{ REDHOOK_CONFIG_FILE: 'conf/redhook.yaml' }, 'redhook'],
  [{ REDHOOK_CONFIG_FILE: 'conf/redhook.yaml', OTEL_CONFIG_FILE: 'conf/otel.yaml' }, 'redhook'],
  [{ REDHOOK_CONFIG_FILE: ' ', OTEL_CONFIG_FILE: '' }, 'found'],
])('with %j the service is %s', (env, serviceName) => {
  inFolder(FILES, (cwd) => {
    expect(loadIn(cwd, env)).toMatchObject({ config: { serviceName }, lines: [] });
  });
});

test('an absolute name is one too', () => {
  inFolder(FILES, (cwd) => {
    const name = join(cwd, 'conf/otel.yaml');
    const elsewhere = join(cwd, 'conf');
    expect(loadIn(elsewhere, { OTEL_CONFIG_FILE: name })).toMatchObject({
      config: { serviceName: 'otel' },
      lines: [],
    });
  });
});

test('no file is no problem', () => {
  inFolder({}, (cwd) => expect(loadIn(cwd)).toMatchObject({ lines: [] }));
});

const NOW = 'now the defaults and the environment are used';

test.each([
  [
    { REDHOOK_CONFIG_FILE: 'none.yaml' },
    'none.yaml: found a file that cannot be read (ENOENT), expected a readable file of at most 128 KiB, as REDHOOK_CONFIG_FILE names it',
  ],
  [
    { OTEL_CONFIG_FILE: 'conf' },
    'conf: found a directory, expected a readable file of at most 128 KiB, as OTEL_CONFIG_FILE names it',
  ],
  [
    { OTEL_CONFIG_FILE: 'package.json/x' },
    'package.json/x: found a file that cannot be read (ENOTDIR), expected a readable file of at most 128 KiB, as OTEL_CONFIG_FILE names it',
  ],
])('%j: one problem, and the file that would be found is not used instead', (env, line) => {
  inFolder(FILES, (cwd) => {
    expect(loadIn(cwd, env)).toMatchObject({
      lines: [`error ${line}, ${NOW}`],
      config: { serviceName: 'app' },
    });
  });
});

const UNREADABLE: [string, (path: string) => void, string][] = [
  ['a directory', (path) => mkdirSync(path), 'a directory'],
  ['a circle of links', (path) => symlinkSync(path, path), 'a file that cannot be read (ELOOP)'],
  ['a pipe', (path) => execFileSync('mkfifo', [path]), 'a pipe or device'],
  ['an endless device', (path) => symlinkSync('/dev/zero', path), 'a pipe or device'],
];

test.each(UNREADABLE)('%s in the place of the file: one problem', (_, make, found) => {
  inFolder({}, (cwd) => {
    make(join(cwd, 'otel-autoconf.yaml'));
    expect(loadIn(cwd)).toMatchObject({
      lines: [
        `error otel-autoconf.yaml: found ${found}, expected a readable file of at most 128 KiB, ${NOW}`,
      ],
    });
  });
});

test('a file without permission: one problem', () => {
  inFolder(FILES, (cwd) => {
    chmodSync(join(cwd, 'otel-autoconf.yaml'), 0);
    const { lines } = asNobody(cwd, () => loadIn(cwd));
    expect(lines).toEqual([
      `error otel-autoconf.yaml: found a file that cannot be read (EACCES), expected a readable file of at most 128 KiB, ${NOW}`,
    ]);
  });
});

test('a file of more than 128 KiB is not read', () => {
  const text = `service: {name: huge} #${'x'.repeat(128 * 1024)}`;
  inFolder({ 'otel-autoconf.yaml': text }, (cwd) => {
    expect(loadIn(cwd).lines).toEqual([
      `error otel-autoconf.yaml: found ${text.length} bytes, expected a readable file of at most 128 KiB, ${NOW}`,
    ]);
  });
});

/** Permissions mean nothing to root, who runs the tests in many containers. */
function asNobody<T>(cwd: string, run: () => T): T {
  if (process.getuid?.() !== 0) return run();
  chmodSync(cwd, 0o755);
  process.seteuid?.(65_534);
  try {
    return run();
  } finally {
    process.seteuid?.(0);
  }
}
