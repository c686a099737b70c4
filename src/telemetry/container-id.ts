import { readFileSync } from 'node:fs';

const ID = '[0-9a-f]{64}';
/** The end of a path in `/proc/self/cgroup`, where control groups have version 1. */
const IN_CGROUP = new RegExp(`[/-](${ID})(?:\\.scope)?$`, 'm');
/** The place on the host of a file that the runtime mounts into each container. */
const IN_MOUNTS = new RegExp(`/(${ID})/(?:hostname|userdata/hostname)\\b`);

/**
 * The id of the container that this process runs in, if it can be seen from inside.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/resource/container/
 */
export function containerId(root = '/proc/self'): string | undefined {
  return find(`${root}/cgroup`, IN_CGROUP) ?? find(`${root}/mountinfo`, IN_MOUNTS);
}

function find(path: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(readFileSync(path, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
