import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processId } from '../../../src/process-id.js';
import { type ClusterKey, openDirectory } from '../../../src/telemetry/cluster/directory.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'redhook-directory-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const own: ClusterKey = { primary: processId(process.pid) ?? '', port: 9464, serviceName: 'orders' };

test('all processes of a cluster have one directory, for their user alone', () => {
  const directory = openDirectory(own, [root]);

  expect(openDirectory(own, [root])).toBe(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test.each<[string, Partial<ClusterKey>]>([
  ['primary', { primary: '1.1' }],
  ['port', { port: 9465 }],
  ['service', { serviceName: 'carts' }],
  ['service whose name differs in a character that files cannot have', { serviceName: 'or/ders' }],
])('another %s has another directory', (_, other) => {
  const names = [own, { ...own, serviceName: 'or.ders' }].map((each) => openDirectory(each, [root]));

  expect(names).not.toContain(openDirectory({ ...own, ...other }, [root]));
});

test('the next root is used when the first one cannot be written', () => {
  expect(openDirectory(own, ['/proc/nowhere', root]).startsWith(root)).toBe(true);
  expect(() => openDirectory(own, ['/proc/nowhere'])).toThrow();
});

test('a directory that others can write is refused', () => {
  chmodSync(openDirectory(own, [root]), 0o777);

  expect(() => openDirectory(own, [root])).toThrow('belongs to somebody else');
});

test('what clusters have left whose primary has ended is removed by the next one', () => {
  const over = openDirectory({ ...own, primary: '999999.1' }, [root]);
  const running = openDirectory({ ...own, port: 1 }, [root]);
  const [user = ''] = /^redhook-\d*-/.exec(basename(over)) ?? [];
  const [silent = '', recent = ''] = ['123-1.1-1-x', '124-1.1-1-x'].map((name) => join(root, user + name));
  for (const directory of [silent, recent]) mkdirSync(directory);
  const [orphaned = '', idle = ''] = [2, 3].map((port) => openDirectory({ ...own, port }, [root]));
  writeFileSync(join(idle, `1_${own.primary}.calls`), '');
  for (const directory of [silent, orphaned, idle])
    for (const name of ['', ...readdirSync(directory)]) utimesSync(join(directory, name), 0, 0);

  openDirectory(own, [root]);

  const left = [over, running, silent, recent, orphaned, idle].filter((each) => existsSync(each));
  expect(left).toEqual([running, recent, idle]);
});
