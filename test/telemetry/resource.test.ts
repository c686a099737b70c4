import { expect, test } from 'vitest';
import { createResource } from '../../src/telemetry/resource.js';

test('the resource describes service, process and host without asynchronous detection', () => {
  const resource = createResource('orders', { 'deployment.environment.name': 'test', 'host.name': 'mine' });

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
