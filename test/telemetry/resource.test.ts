import { SDK_INFO } from '@opentelemetry/core';
import { expect, test } from 'vitest';
import { createResource } from '../../src/telemetry/resource.js';

test('the resource describes service, process and host without asynchronous detection', () => {
  const resource = createResource({
    serviceName: 'orders',
    resourceAttributes: { 'deployment.environment.name': 'test', 'host.name': 'mine' },
    resourceDetection: { detectors: ['host', 'process', 'service'], attributes: {} },
  });

  expect(resource.asyncAttributesPending).toBeFalsy();
  expect(resource.attributes).toEqual({
    'service.name': 'orders',
    'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
    'deployment.environment.name': 'test',
    'host.name': 'mine',
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'telemetry.distro.name': 'redhook',
    'telemetry.distro.version': expect.any(String),
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.version': expect.any(String),
  });
});

test.each([
  [{ detectors: [] as const, attributes: {} }, []],
  [{ detectors: ['os'] as const, attributes: {} }, ['os.type', 'os.version']],
  [
    { detectors: ['host', 'process'] as const, attributes: { included: ['process.*'], excluded: ['*.pid'] } },
    ['process.runtime.version'],
  ],
])('with %j the resource has the detected attributes %j', (resourceDetection, detected) => {
  const { attributes } = createResource({ serviceName: 'orders', resourceAttributes: {}, resourceDetection });
  const names = Object.keys(attributes).filter(
    (name) => !/^(telemetry|service)\./.test(name) && !(name in SDK_INFO),
  );
  expect(names).toEqual(detected);
});
