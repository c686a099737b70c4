import { createRequire } from 'node:module';
import { beforeAll, expect, test } from 'vitest';
import { mayBeLoaded } from '../../src/hooks/may-be-loaded.js';
import type { Instrumentation, Target } from '../../src/instrumentation.js';

beforeAll(() => import('node:http'));

function observing(target: Target): Instrumentation {
  return { name: 'test', observes: '', conventions: [], targets: [target] };
}

const attach = (): void => {};
const BUNYAN = observing({ package: 'bunyan', file: 'lib/bunyan.js', attach });

test('a module of Node is seen when it is loaded', () => {
  expect(mayBeLoaded(observing({ builtin: 'node:http', attach }))).toBe(true);
});

test('a package of CommonJS is seen when it is loaded', () => {
  expect(mayBeLoaded(BUNYAN)).toBe(false);
  createRequire(import.meta.url)('bunyan');
  expect(mayBeLoaded(BUNYAN)).toBe(true);
});

test.each<[string, Target]>([
  ['a channel', { channel: 'test', attach }],
  ['a tracing channel', { tracing: 'test', open: () => undefined }],
  ['an ES module', { package: 'hono', module: 'dist/router.js', attach }],
])('what %s belongs to cannot be seen', (_, target) => {
  expect(mayBeLoaded(observing(target))).toBe(true);
});
