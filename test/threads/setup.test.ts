import { join } from 'node:path';
import { getEnvironmentData } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { switchable } from '../../src/instrumentations/index.js';
import { offerSetup, receivedSetup } from '../../src/threads/setup.js';

const OFFICIAL = join(import.meta.dirname, '../config/official/kitchen-sink.yaml');

test.each([
  ['the defaults', {}],
  ['a file with everything', { OTEL_CONFIG_FILE: OFFICIAL }],
])('what is handed over can be copied to a thread: %s', (_, env) => {
  const { config } = loadConfig(switchable, { env, cwd: '/' });

  offerSetup({ config, primary: '7.1', label: '' });

  const offered = getEnvironmentData('redhook.threads') as unknown as { config: object };
  expect(offered).toEqual({
    config: { ...config, metrics: { ...config.metrics, livePage: false } },
    primary: '7.1',
    label: '',
  });
});

test('the main thread has received nothing', () => {
  expect(receivedSetup()).toBeUndefined();
});
