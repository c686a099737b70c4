import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import { createGuard } from '../../src/hooks/guard.js';
import { attachPackage } from '../../src/hooks/package.js';
import { log } from '../../src/log.js';

const folder = mkdtempSync(join(tmpdir(), 'redhook-packages-'));
const calls = createCalls({ observers: [], knownOperations: {} });
const attached: unknown[] = [];

install('early', '1.2.0')('@scope/thing');

attachPackage(
  {
    package: '@scope/thing',
    versions: '^1.2.0',
    file: 'lib/index.js',
    attach: (exports) => {
      attached.push(exports.copy);
    },
  },
  calls,
  createGuard('test'),
);

attachPackage(
  { package: '@scope/thing', versions: '^1.2.0', file: 'main.js', attach: ({ copy }) => attached.push(copy) },
  calls,
  createGuard('test'),
);

const first = [...attached];

afterEach(() => {
  attached.length = 0;
  vi.restoreAllMocks();
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Installed {
  source?: string;
  /** The folder in `node_modules`. It differs from the package name under an alias. */
  as?: string;
  name?: string;
}

/** Installs a copy of the package and returns the `require` of an application beside it. */
function install(
  copy: string,
  version: string,
  { source = '', as = '@scope/thing', name = '@scope/thing' }: Installed = {},
): NodeJS.Require {
  const at = join(folder, copy, 'node_modules', as);
  mkdirSync(join(at, 'lib'), { recursive: true });
  writeFileSync(join(at, 'package.json'), JSON.stringify({ name, version, main: 'lib/index.js' }));
  writeFileSync(join(at, 'lib/index.js'), `${source}; exports.copy = ${JSON.stringify(copy)};`);
  return createRequire(join(folder, copy, 'app.js'));
}

test('a copy that was loaded earlier is attached at once', () => {
  expect(first).toEqual(['early']);
});

test('each copy is attached once, however often and under whatever name it is required', () => {
  const [a, b] = [install('a', '1.2.0'), install('b', '1.9.3')];

  expect(a('@scope/thing')).toBe(a('./node_modules/@scope/thing/lib/index.js'));
  b('./node_modules/@scope/thing/lib/index.js');
  b('@scope/thing');

  expect(attached).toEqual(['a', 'b']);
});

test('a copy under an alias and a copy outside of node_modules are attached', () => {
  install('alias', '1.2.0', { as: 'renamed' })('renamed');
  install('linked', '1.2.0', { as: '../packages/thing' })('./packages/thing/lib/index.js');

  expect(attached).toEqual(['alias', 'linked']);
});

test('another package with a file of the same name is left alone', () => {
  install('other', '1.2.0', { as: 'other', name: 'other' })('other');
  const deeper = install('deeper', '1.2.0', { as: 'deeper', name: 'deeper' });
  mkdirSync(join(folder, 'deeper/node_modules/deeper/src/lib'), { recursive: true });
  writeFileSync(join(folder, 'deeper/node_modules/deeper/src/lib/index.js'), '');
  deeper('deeper/src/lib/index.js');

  expect(attached).toEqual([]);
});

test("a file that is in no folder of its package is attached by the folder's name, or beside another one", () => {
  const named = install('named', '1.2.0');
  const alias = install('named', '1.2.0', { as: 'renamed' });
  const unknown = install('named', '1.2.0', { as: 'unknown' });
  for (const as of ['@scope/thing', 'renamed', 'unknown'])
    writeFileSync(join(folder, 'named/node_modules', as, 'main.js'), `exports.copy = '${as}';`);

  named('@scope/thing/main.js');
  unknown('unknown/main.js');
  alias('renamed');
  alias('renamed/main.js');

  expect(attached).toEqual(['@scope/thing', 'named', 'renamed']);
});

test('a version out of range is logged in one line and left alone', () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});

  install('old', '1.1.9')('@scope/thing');
  install('new', '2.0.0')('@scope/thing');

  expect(attached).toEqual([]);
  expect(warn.mock.calls.map(([line]) => line)).toEqual([
    expect.stringMatching(
      /^@scope\/thing 1\.1\.9 \(.*\): expected \^1\.2\.0; calls through it are not observed$/,
    ),
    expect.stringContaining('@scope/thing 2.0.0'),
  ]);
});

test('loading errors reach the application unchanged', () => {
  const broken = install('broken', '1.2.0', { source: 'throw new Error("broken")' });

  expect(() => broken('@scope/thing')).toThrow('broken');
  expect(() => broken('@scope/absent')).toThrow(expect.objectContaining({ code: 'MODULE_NOT_FOUND' }));
  expect(attached).toEqual([]);
});

test('a package that is required again while it loads is attached once it is complete', () => {
  install('circular', '1.2.0', { source: 'require("@scope/thing")' })('@scope/thing');

  expect(attached).toEqual(['circular']);
});

test('a file of a common name is told apart by what it exports', () => {
  const found: unknown[] = [];
  attachPackage(
    {
      package: '@scope/thing',
      file: 'lib/index.js',
      exporting: 'copy',
      attach: (exports) => found.push(exports.copy),
    },
    calls,
    createGuard('test'),
  );
  found.length = 0;
  install('named', '1.2.0')('@scope/thing');
  install('nameless', '1.2.0', { source: 'exports = {}; module.exports = function () {}' })('@scope/thing');

  expect(found).toEqual(['named']);
});
