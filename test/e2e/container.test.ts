/**
 * The image and its folder in real containers: the image is built without an engine, its `cp` fills a volume as the
 * OpenTelemetry Operator has it do, and a stock application on glibc and on musl is scraped from outside its network.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listening, NODES } from '../support/app.js';
import { startCollector } from '../support/collector.js';
import { createContainer, createRoot, USER } from '../support/container.js';
import { DRIVEN, drive } from '../support/drive.js';
import { scrape, total } from '../support/metrics.js';
import { hasProgram, isRoot, missing } from '../support/program.js';

const ROOT = resolve(import.meta.dirname, '../..');
const VOLUME = '/otel-auto-instrumentation-nodejs';

const canRun =
  isRoot('to make network namespaces and mounts') && hasProgram('ip', 'apt-get install iproute2');
const canBuild =
  canRun &&
  hasProgram('buildah', 'apt-get install buildah') &&
  hasProgram('/bin/busybox', 'apt-get install busybox-static');

/** Where the Node for musl is, with its loader and libraries. `.ci/musl-node` fetches one. */
const { MUSL_NODE = '' } = process.env;
const canRunMusl =
  canRun &&
  (existsSync(join(MUSL_NODE, 'node')) ||
    missing('a Node for musl', 'export MUSL_NODE=$(.ci/musl-node "$(mktemp -d)")'));

const folder = mkdtempSync(join(tmpdir(), 'redhook-container-'));
const app = join(folder, 'app');
const storage = [
  '--root',
  join(folder, 'storage'),
  '--runroot',
  join(folder, 'run'),
  '--storage-driver',
  'vfs',
];

beforeAll(() => {
  if (!canRun) return;
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "module" }');
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  execFileSync('npm', ['install', '--prefer-offline', '--silent', `fastify@${devDependencies.fastify}`], {
    cwd: app,
  });
  for (const file of ['app.mjs', 'routes.cjs']) cpSync(join(ROOT, 'test/apps/orders', file), join(app, file));
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function buildah(...args: string[]): string {
  return execFileSync('buildah', [...storage, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** Builds the Dockerfile. Nothing can be pulled here, so its base image is made of the busybox of this machine. */
function buildImage(name: string): { digest: string; root: string } {
  const base = buildah('from', 'scratch');
  buildah('copy', base, '/bin/busybox', '/bin/busybox');
  buildah('commit', base, 'docker.io/library/busybox:1.37.0-musl');
  buildah(
    'bud',
    '--isolation',
    'chroot',
    '--pull-never',
    '--no-cache',
    '--timestamp',
    '0',
    '--tag',
    name,
    '.',
  );
  const layout = join(folder, name);
  buildah('push', name, `oci:${layout}`);
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  return { digest: manifests[0].digest, root: buildah('mount', buildah('from', '--pull-never', name)) };
}

test.runIf(canBuild)(
  'the image has the same digest each time, and its cp fills the volume of an operator',
  () => {
    const [first, second] = [buildImage('first'), buildImage('second')];
    expect(second.digest).toBe(first.digest);

    const root = join(folder, 'image');
    cpSync(first.root, root, { recursive: true });
    const volume = join(root, VOLUME);
    mkdirSync(volume);
    chmodSync(volume, 0o777);
    execFileSync('chroot', [`--userspec=${USER}`, root, '/bin/cp', '-r', '/autoinstrumentation/.', VOLUME]);
    execFileSync('diff', ['-r', join(ROOT, 'dist/autoinstrumentation'), volume]);
  },
  120_000,
);

describe.each([
  { libc: 'glibc', node: NODES['24'], can: canRun },
  { libc: 'musl', node: join(MUSL_NODE, 'node'), can: canRunMusl },
] as const)('$libc', ({ libc, node, can }) => {
  test.runIf(can)('a stock application is observed in a container of its own', async () => {
    const container = createContainer();
    onTestFinished(() => container.remove());
    const collector = await startCollector({ host: container.hostAddress });
    onTestFinished(() => collector.close());
    const root = createRoot(libc, node, { '/app': app, [VOLUME]: '' });
    onTestFinished(() => rmSync(root, { recursive: true }));
    const running = container.run(['/bin/node', '/app/app.mjs'], {
      root,
      volumes: { [VOLUME]: join(ROOT, 'dist/autoinstrumentation') },
      env: {
        NODE_OPTIONS: `--require ${VOLUME}/autoinstrumentation.js`,
        OTEL_SERVICE_NAME: libc,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        HOST: '0.0.0.0',
        PORT: '8080',
      },
    });
    await listening('the container', running);
    await drive(`http://${container.address}:8080`);

    await expect
      .poll(async () =>
        total(await scrape(9464, container.address), 'http_server_request_duration_seconds_count'),
      )
      .toBe(DRIVEN);
    const spans = await collector.waitForSpans(DRIVEN + 1);
    expect(spans.map(({ name }) => name)).toContain('GET /orders/:id');
    expect(running.stderr().trim().split('\n')).toHaveLength(1);
  });
});
