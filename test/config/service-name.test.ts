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
