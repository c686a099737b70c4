import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containerId } from '../../src/telemetry/container-id.js';

const ID = '3f'.repeat(32);

function idFrom(files: Record<string, string>): string | undefined {
  const root = mkdtempSync(join(tmpdir(), 'redhook-proc-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    return containerId(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const DOCKER = `751 737 254:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n`;
const PODMAN = `751 737 0:22 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw\n`;

test.each([
  ['Docker on version 1', { cgroup: `12:pids:/docker/${ID}\n11:cpu:/docker/${ID}\n` }, ID],
  ['systemd on version 1', { cgroup: `1:name=systemd:/system.slice/docker-${ID}.scope\n` }, ID],
  ['Kubernetes on version 1', { cgroup: `1:cpu:/kubepods/burstable/pod42/${ID}\n` }, ID],
  ['Docker on version 2', { cgroup: '0::/\n', mountinfo: DOCKER }, ID],
  ['Podman on version 2', { cgroup: '0::/\n', mountinfo: PODMAN }, ID],
  [
    'no container',
    { cgroup: '0::/init.scope\n', mountinfo: '1 1 8:1 / / rw - ext4 /dev/sda1 rw\n' },
    undefined,
  ],
  ['no such files', {}, undefined],
])('with %s', (_, files, id) => {
  expect(idFrom(files as Record<string, string>)).toBe(id);
});
