import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inFolder, loadIn } from '../support/load-config.js';

const FILES = {
  'package.json': '{"name":"root"}',
  'services/orders/package.json': '{"name":"@shop/orders"}',
  'services/orders/dist/package.json': '{"type":"module"}',
  'services/broken/package.json': '{',
  'services/odd/package.json': '{"name":{"x":1}}',
  'services/huge/package.json': `{"name":"huge","x":"${'x'.repeat(128 * 1024)}"}`,
};

test.each([
  ['the package.json is next to the script', '.', 'services/orders/app.js', '@shop/orders'],
  ['the nearest package.json has no name', '.', 'services/orders/dist/app.js', '@shop/orders'],
  ['the script is relative to the working directory', 'services/orders', 'dist/app.js', '@shop/orders'],
  ['the nearest package.json is broken', '.', 'services/broken/app.js', 'root'],
  ['the nearest name is not a string', '.', 'services/odd/app.js', 'root'],
  ['the nearest package.json is huge', '.', 'services/huge/app.js', 'root'],
  ['there is no script', 'services/orders', undefined, '@shop/orders'],
])('if %s, the service name is still found', (_, cwd, script, name) => {
  inFolder(FILES, (folder) => {
    const argv = script === undefined ? ['node'] : ['node', script];
    expect(loadIn(join(folder, cwd), {}, argv).config.serviceName).toBe(name);
  });
});

const INSTALLED = {
  ...FILES,
  'node_modules/next/package.json': '{"name":"next"}',
  'services/orders/node_modules/next/package.json': '{"name":"next"}',
};
const PM2 = '/usr/lib/node_modules/pm2/lib';

test.each<[string, string, string, Record<string, string>, string]>([
  ['a tool of the package', 'services/orders', 'services/orders/node_modules/.bin/next', {}, '@shop/orders'],
  ['a tool of the workspace', 'services/orders', 'node_modules/next/dist/bin/next', {}, '@shop/orders'],
  ['a worker of a tool, elsewhere', '/', 'services/orders/node_modules/next/worker.js', {}, '@shop/orders'],
  ['a tool outside of any package', 'services/orders', '/usr/bin/next', {}, '@shop/orders'],
  [
    'PM2',
    '/',
    `${PM2}/ProcessContainerFork.js`,
    { pm_exec_path: 'services/orders/app.js', name: 'app' },
    '@shop/orders',
  ],
  [
    'PM2 and a tool',
    '/',
    `${PM2}/ProcessContainerFork.js`,
    { pm_exec_path: 'node_modules/next/bin/next', pm_cwd: 'services/orders' },
    '@shop/orders',
  ],
  [
    'PM2 without a package',
    '/',
    `${PM2}/ProcessContainerFork.js`,
    { pm_exec_path: '/srv/app.js', name: 'shop' },
    'shop',
  ],
  [
    'a child process below PM2',
    '.',
    'services/orders/app.js',
    { pm_exec_path: '/srv/app.js', name: 'shop' },
    '@shop/orders',
  ],
  ['a broken environment of PM2', '/', `${PM2}/ProcessContainer.js`, { pm2_env: '{', name: 'shop' }, 'shop'],
])('a service that is run by %s has the name of its own package', (_, cwd, script, env, name) => {
  inFolder(INSTALLED, (folder) => {
    const inside = (path: string): string => (path.startsWith('/') ? path : join(folder, path));
    const paths = ['pm_exec_path', 'pm_cwd'].flatMap((key) => {
      const path = env[key];
      return path === undefined ? [] : [[key, inside(path)]];
    });
    const processEnv: Record<string, string> = { ...env, ...Object.fromEntries(paths) };
    const argv = ['node', inside(script)];
    expect(loadIn(inside(cwd), processEnv, argv).config.serviceName).toBe(name);
    if (!script.includes('ProcessContainerFork')) return;
    const clustered = ['node', script.replace('Fork', '')];
    const pm2Env = { pm2_env: JSON.stringify(processEnv) };
    expect(loadIn(inside(cwd), pm2Env, clustered).config.serviceName).toBe(name);
  });
});

test('an installed application has the name of its package, if nothing else has one', () => {
  inFolder({ 'node_modules/n8n/package.json': '{"name":"n8n"}' }, (folder) => {
    const argv = ['node', join(folder, 'node_modules/n8n/bin/n8n')];
    expect(loadIn('/', {}, argv).config.serviceName).toBe('n8n');
  });
});

test('without any package.json the service name is unknown_service:node', () => {
  expect(loadIn('/', {}, []).config.serviceName).toBe('unknown_service:node');
});

test.each([
  [{ OTEL_SERVICE_NAME: 'a', OTEL_RESOURCE_ATTRIBUTES: 'service.name=b' }, 'a'],
  [{ OTEL_SERVICE_NAME: ' ', OTEL_RESOURCE_ATTRIBUTES: 'service.name=b%20c' }, 'b c'],
  [{ OTEL_RESOURCE_ATTRIBUTES: 'x=y' }, 'file'],
])('%j overrides the file, which overrides package.json: the name is %s', (env, name) => {
  inFolder({ ...FILES, 'otel-autoconf.yaml': 'service: {name: file}' }, (folder) => {
    const { config } = loadIn(folder, env);
    expect(config.serviceName).toBe(name);
    expect(config.resourceAttributes).not.toHaveProperty('service.name');
  });
});
