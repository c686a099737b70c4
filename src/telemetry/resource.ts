import { hostname } from 'node:os';
import { SDK_INFO } from '@opentelemetry/core';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { version } from '../version.js';

/** The resource of this process. It is complete at once, because nothing in it needs a request over the network. */
export function createResource(serviceName: string, attributes: Readonly<Record<string, string>>): Resource {
  return resourceFromAttributes({
    ...SDK_INFO,
    'telemetry.distro.name': 'redhook',
    'telemetry.distro.version': version,
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'host.name': hostname(),
    'service.instance.id': randomUuid(),
    ...attributes,
    'service.name': serviceName,
  });
}

/**
 * A UUID of version 4, random enough to distinguish processes. It avoids node:crypto, because loading that takes 6 ms.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.4
 */
function randomUuid(): string {
  return 'xxxxxxxx-xxxx-4xxx-Nxxx-xxxxxxxxxxxx'.replace(/[xN]/g, (place) => {
    const digit = Math.floor(Math.random() * 16);
    return (place === 'x' ? digit : (digit & 0x3) | 0x8).toString(16);
  });
}
