import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { SDK_INFO } from '@opentelemetry/core';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { version } from '../version.js';

/** What the spans and metrics of this process are about. All of it is known at once; nothing is asked over a network. */
export function createResource(serviceName: string, attributes: Readonly<Record<string, string>>): Resource {
  return resourceFromAttributes({
    ...SDK_INFO,
    'telemetry.distro.name': 'redhook',
    'telemetry.distro.version': version,
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'host.name': hostname(),
    'service.instance.id': randomUUID(),
    ...attributes,
    'service.name': serviceName,
  });
}
