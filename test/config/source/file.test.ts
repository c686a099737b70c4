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
])('with %j the file of the service %s is read', (env, serviceName) => {
  inFolder(FILES, (cwd) => {
    expect(loadIn(cwd, env)).toMatchObject({ config: { serviceName }, lines: [] });
  });
});

test('an absolute path is accepted', () => {
  inFolder(FILES, (cwd) => {
    const name = join(cwd, 'conf/otel.yaml');
    const elsewhere = join(cwd, 'conf');
    expect(loadIn(elsewhere, { OTEL_CONFIG_FILE: name })).toMatchObject({
      config: { serviceName: 'otel' },
      lines: [],
    });
  });
});

test('a missing default file is not reported', () => {
  inFolder({}, (cwd) => expect(loadIn(cwd)).toMatchObject({ lines: [] }));
});

const NOW = 'using only the environment and the defaults';

test.each([
  [
    { REDHOOK_CONFIG_FILE: 'none.yaml' },
    'none.yaml: found no readable file (ENOENT), expected a regular file of at most 128 KiB (named by REDHOOK_CONFIG_FILE)',
  ],
  [
    { OTEL_CONFIG_FILE: 'conf' },
    'conf: found a directory, expected a regular file of at most 128 KiB (named by OTEL_CONFIG_FILE)',
  ],
  [
    { OTEL_CONFIG_FILE: 'package.json/x' },
    'package.json/x: found no readable file (ENOTDIR), expected a regular file of at most 128 KiB (named by OTEL_CONFIG_FILE)',
  ],
])('%j: one problem is reported, and the default file is not used instead', (env, line) => {
  inFolder(FILES, (cwd) => {
    expect(loadIn(cwd, env)).toMatchObject({
      lines: [`error ${line}; ${NOW}`],
      config: { serviceName: 'app' },
    });
  });
});

const UNREADABLE: [string, (path: string) => void, string][] = [
  ['a directory', (path) => mkdirSync(path), 'a directory'],
  ['a symbolic link to itself', (path) => symlinkSync(path, path), 'no readable file (ELOOP)'],
  ['a pipe', (path) => execFileSync('mkfifo', [path]), 'a pipe or device'],
  ['an endless device', (path) => symlinkSync('/dev/zero', path), 'a pipe or device'],
];

test.each(UNREADABLE)('%s instead of the file is reported as one problem', (_, make, found) => {
  inFolder({}, (cwd) => {
    make(join(cwd, 'otel-autoconf.yaml'));
    expect(loadIn(cwd)).toMatchObject({
      lines: [`error otel-autoconf.yaml: found ${found}, expected a regular file of at most 128 KiB; ${NOW}`],
    });
  });
});

test('a file without read permission is reported as one problem', () => {
  inFolder(FILES, (cwd) => {
    chmodSync(join(cwd, 'otel-autoconf.yaml'), 0);
    const { lines } = asNobody(cwd, () => loadIn(cwd));
    expect(lines).toEqual([
      `error otel-autoconf.yaml: found no readable file (EACCES), expected a regular file of at most 128 KiB; ${NOW}`,
    ]);
  });
});

test('a file of more than 128 KiB is not read', () => {
  const text = `service: {name: huge} #${'x'.repeat(128 * 1024)}`;
  inFolder({ 'otel-autoconf.yaml': text }, (cwd) => {
    expect(loadIn(cwd).lines).toEqual([
      `error otel-autoconf.yaml: found ${text.length} bytes, expected a regular file of at most 128 KiB; ${NOW}`,
    ]);
  });
});

/** Runs without root privileges, because root ignores permissions and runs the tests in many containers. */
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
