import { expect, test } from 'vitest';
import { reasonNotToStart } from '../src/platform.js';

test.each(['22.15.0', '22.23.3', '24.0.0', '26.10.0', '100.0.0'])('Node %s is supported', (node) => {
  expect(reasonNotToStart(node, 'app.js')).toBeUndefined();
});

test.each(['22.14.0', '20.20.2', '8.0.0'])('Node %s is too old', (node) => {
  expect(reasonNotToStart(node, 'app.js')).toBe(
    `Node ${node} is older than 22.15; the application runs without telemetry`,
  );
});

test.each([
  '/usr/lib/node_modules/npm/bin/npm-cli.js',
  '/usr/lib/node_modules/npm/bin/npx-cli.js',
  '/opt/yarn/bin/yarn.js',
  '/usr/bin/pnpm.cjs',
  '/usr/bin/yarnpkg',
  '/srv/shop/.yarn/releases/yarn-4.18.1.cjs',
  '/srv/shop/.yarn/releases/yarn-berry.js',
  'C:\\shop\\.yarn\\releases\\yarn-3.8.7.cjs',
  'C:\\nodejs\\node_modules\\corepack\\dist\\corepack.js',
])('a package manager is left alone: %s', (script) => expect(reasonNotToStart('24.0.0', script)).toBe(''));

test.each(['/srv/app.js', '/srv/npm-audit-server.js', '', '/srv/yarn-shop/index.js', '/srv/yarn-4.js'])(
  'an application is instrumented: %s',
  (script) => expect(reasonNotToStart('24.0.0', script)).toBeUndefined(),
);
