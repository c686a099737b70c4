import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import { attachModule } from '../../src/hooks/es-module.js';
import { createGuard } from '../../src/hooks/guard.js';
import { log } from '../../src/log.js';

const folder = mkdtempSync(join(tmpdir(), 'redhook-modules-'));
const calls = createCalls({ observers: [], knownOperations: {} });
const attached: unknown[] = [];

const INNER = "export class Inner { url = import.meta.url }; export const copy = 'COPY';";

/** Installs a copy of the package. Returns the URL of a file of it. */
function install(
  copy: string,
  version: string,
  files: Record<string, string> = {},
): (file: string) => string {
  const at = join(folder, copy, 'node_modules/@scope/thing');
  const all = {
    'package.json': JSON.stringify({ name: '@scope/thing', version, type: 'module' }),
    'index.js': "export * from './lib/a/inner.js';",
    'lib/a/inner.js': INNER.replace('COPY', copy),
    ...files,
  };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(join(at, file, '..'), { recursive: true });
    writeFileSync(join(at, file), text);
  }
  return (file) => pathToFileURL(join(at, file)).href;
}

function attachTo(name: string): void {
  attachModule(
    {
      package: name,
      versions: '^1.2.0',
      module: 'lib/*/inner.js',
      attach: (exports) => attached.push(exports),
    },
    calls,
    createGuard('test'),
  );
}

const first = install('first', '1.2.0');
vi.spyOn(process, 'cwd').mockReturnValue(join(folder, 'first/deeper/folder'));
attachTo('@scope/absent');
attachTo('@scope/thing');

afterEach(() => {
  attached.length = 0;
});
afterAll(() => rmSync(folder, { recursive: true }));

test('the file hands over what it exports, once, before the application has it', async () => {
  const seen = await import(first('index.js'));

  expect(attached.map((exports) => (exports as { copy: string }).copy)).toEqual(['first']);
  expect((attached[0] as { Inner: unknown }).Inner).toBe(seen.Inner);
  await import(first('lib/a/inner.js'));
  expect(attached).toHaveLength(1);
});

test('the file keeps its URL, its identity and its default export', async () => {
  const url = install('default', '1.9.0', { 'lib/a/inner.js': `${INNER} export default 'default';` });
  const [byPackage, direct] = [await import(url('index.js')), await import(url('lib/a/inner.js'))];

  expect(byPackage.Inner).toBe(direct.Inner);
  expect(new byPackage.Inner().url).toBe(url('lib/a/inner.js'));
  expect(direct.default).toBe('default');
  expect(Object.keys(direct).sort()).toEqual(['Inner', 'copy', 'default']);
});

test('other versions, other packages and what is required are left alone', async () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {});
  const old = install('old', '1.1.0');
  const other = install('other', '1.2.0', {
    'package.json': '{"name":"other","version":"1.2.0","type":"module"}',
  });
  const required = install('required', '1.2.0');

  await import(old('index.js'));
  await import(other('index.js'));
  createRequire(import.meta.url)(new URL(required('lib/a/inner.js')).pathname);

  expect(attached).toEqual([]);
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('@scope/thing 1.1.0'));
});

test('errors of the file reach the application unchanged', async () => {
  const broken = install('broken', '1.2.0', { 'lib/a/inner.js': "throw new Error('broken')" });

  await expect(import(broken('index.js'))).rejects.toThrow('broken');
  expect(attached).toEqual([]);
});
