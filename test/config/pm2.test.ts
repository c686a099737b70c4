import { expect, test } from 'vitest';
import { isPm2Container, withPm2Variables } from '../../src/config/pm2.js';

const CONTAINER = '/usr/lib/node_modules/pm2/lib/ProcessContainer.js';

test('in the cluster mode of PM2 the variables of the application are in one', () => {
  const pm2_env = JSON.stringify({ OTEL_SERVICE_NAME: 'orders', instances: 4, node_args: ['--require'] });

  expect(withPm2Variables({ A: '1', OTEL_SERVICE_NAME: 'pm2', pm2_env }, CONTAINER)).toEqual({
    A: '1',
    OTEL_SERVICE_NAME: 'orders',
    pm2_env,
  });
});

test.each([
  ['another script', '/app/server.js', '{"A":"2"}'],
  ['broken variables', CONTAINER, '{'],
  ['no variables', CONTAINER, undefined],
])('%s leaves the environment alone', (_, script, pm2_env) => {
  const env = { A: '1', ...(pm2_env !== undefined && { pm2_env }) };

  expect(withPm2Variables(env, script)).toEqual(env);
});

test('the script of PM2 is known by its name', () => {
  expect(
    [CONTAINER, '/pm2/lib/ProcessContainerFork.js', '/app/server.js', undefined].map((script) =>
      isPm2Container(script),
    ),
  ).toEqual([true, true, false, false]);
});
