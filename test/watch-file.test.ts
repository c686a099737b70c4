import { AsyncLocalStorage } from 'node:async_hooks';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unwatchFile,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log } from '../src/log.js';
import { watchConfigFile } from '../src/watch-file.js';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redhook-watch-'));
  path = join(folder, 'otel-autoconf.yaml');
});
afterEach(() => {
  unwatchFile(path);
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

/** Watches the file. Returns how often it was looked at, which is once before it changes. */
async function watched(): Promise<() => number> {
  let looks = 0;
  watchConfigFile(path, () => () => {
    looks += 1;
  });
  await expect.poll(() => looks, { timeout: 6_000 }).toBe(1);
  return () => looks;
}

/** A version of a ConfigMap that is mounted as a volume. */
function mount(version: string): void {
  mkdirSync(join(folder, version));
  writeFileSync(join(folder, version, 'otel-autoconf.yaml'), version);
  symlinkSync(version, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}

test.each([
  ['a write', () => appendFileSync(path, 'b')],
  [
    'a rename',
    () => {
      writeFileSync(`${path}.new`, 'b');
      renameSync(`${path}.new`, path);
    },
  ],
  ['its removal', () => rmSync(path)],
])('%s is seen', async (_, change) => {
  writeFileSync(path, 'a');
  const looks = await watched();

  change();

  await expect.poll(looks, { timeout: 6_000 }).toBe(2);
});

test('the swap of a symbolic link by Kubernetes is seen', async () => {
  mount('..1');
  symlinkSync('..data/otel-autoconf.yaml', path);
  const looks = await watched();

  mount('..2');
  rmSync(join(folder, '..1'), { recursive: true });

  await expect.poll(looks, { timeout: 6_000 }).toBe(2);
});

test('a fault is one line, and never reaches the application', async () => {
  const logged = vi.spyOn(log, 'error').mockReturnValue();
  writeFileSync(path, 'a');

  watchConfigFile(path, () => {
    throw new Error('no chunk');
  });
  await expect.poll(() => logged.mock.calls.length).toBe(1);
  watchConfigFile('\0', () => () => {});

  expect(logged).toHaveBeenCalledWith(`${path}: its changes are not seen: no chunk`);
  expect(logged).toHaveBeenCalledTimes(2);
});

test('it retains nothing of the request that leads to it', async () => {
  const store = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  writeFileSync(path, 'a');

  store.run('request', () => watchConfigFile(path, () => () => seen.push(store.getStore())));

  await expect.poll(() => seen).toEqual([undefined]);
});
