import { hostname, release, type } from 'node:os';
import type { Attributes } from '@opentelemetry/api';
import { SDK_INFO } from '@opentelemetry/core';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { Config, ResourceDetector } from '../config/config.js';
import { version } from '../version.js';
import { containerId } from './container-id.js';
import { includesName } from './include-exclude.js';

type Described = Pick<Config, 'serviceName' | 'resourceAttributes' | 'resourceDetection'>;

const DETECTORS: Record<ResourceDetector, () => Attributes> = {
  container: () => ({ 'container.id': containerId() }),
  host: () => ({ 'host.name': hostname() }),
  os: () => ({ 'os.type': type().toLowerCase(), 'os.version': release() }),
  process: () => ({
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  }),
  service: () => ({ 'service.instance.id': randomUuid() }),
};

/** The resource of this process. It is complete at once, because nothing in it needs a request over the network. */
export function createResource({
  serviceName,
  resourceAttributes,
  resourceDetection: { detectors, attributes },
}: Described): Resource {
  const isKept = includesName(attributes);
  const detected = Object.assign({}, ...detectors.map((name) => DETECTORS[name]()));
  return resourceFromAttributes({
    ...SDK_INFO,
    'telemetry.distro.name': 'redhook',
    'telemetry.distro.version': version,
    ...Object.fromEntries(Object.entries(detected as Attributes).filter(([name]) => isKept(name))),
    ...(resourceAttributes as Attributes),
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
