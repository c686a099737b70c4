/**
 * The image that the pipeline of examples/ describes, built here twice and started in a root file system of its own, under
 * Redhook. It takes minutes of both processors, so it is run by `npm run test:image` alone.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listening } from '../support/app.js';
import { createContainer } from '../support/container.js';
import { type BuiltContainer, DaggerBuild } from '../support/dagger-build.js';
import { type Graph, startDaggerRecorder } from '../support/dagger-recorder.js';
import { scrape, total } from '../support/metrics.js';
import { buildPipeline, callPipeline } from '../support/pipeline.js';
import { hasProgram, isRoot } from '../support/program.js';

const VOLUME = '/otel-auto-instrumentation-nodejs';
const BUILD_MS = 600_000;
const canBuild =
  process.env['TEST_IMAGE'] === '1' &&
  isRoot('to make namespaces and mounts') &&
  hasProgram('ip', 'apt-get install iproute2') &&
  hasProgram('buildah', 'apt-get install buildah') &&
  hasProgram('/bin/busybox', 'apt-get install busybox-static');

describe.runIf(canBuild)('the image of a service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-pipeline-'));
  const builds: DaggerBuild[] = [];
  let graph: Graph;
  let container: BuiltContainer;

  function build(): BuiltContainer {
    const cache = join(folder, 'npm');
    mkdirSync(cache, { recursive: true });
    const building = new DaggerBuild(cache);
    builds.push(building);
    return building.container(graph);
  }

  beforeAll(async () => {
    await buildPipeline();
    const recorder = await startDaggerRecorder();
    const example = resolve('examples/gateway');
    graph = recorder.graphOf(String(await callPipeline(recorder, 'build', example, 'inventory')));
    recorder.close();
    container = build();
  }, BUILD_MS);
  afterAll(() => {
    for (const each of builds) each.remove();
    rmSync(folder, { recursive: true, force: true });
  }, BUILD_MS);

  /** Commits a container as an image of OCI, and returns its digest. */
  function digestOf({ root, workdir, user, entrypoint, labels }: BuiltContainer, name: string): string {
    const storage = [
      '--root',
      join(folder, 'storage'),
      '--runroot',
      join(folder, 'run'),
      '--storage-driver',
      'vfs',
    ];
    const buildah = (...args: string[]): string =>
      execFileSync('buildah', [...storage, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
    const image = buildah('from', 'scratch');
    buildah('copy', image, root, '/');
    buildah(
      'config',
      ...['--workingdir', workdir, '--user', user, '--entrypoint', JSON.stringify(entrypoint)],
      ...Object.entries(labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]),
      image,
    );
    buildah('commit', '--timestamp', '0', '--rm', image, name);
    const layout = join(folder, `oci-${name}`);
    buildah('push', '--disable-compression', name, `oci:${layout}`);
    buildah('rmi', name);
    const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
    rmSync(layout, { recursive: true });
    return manifests[0].digest;
  }

  test(
    'has the same digest when it is built again',
    () => {
      expect(digestOf(build(), 'second')).toBe(digestOf(container, 'first'));
    },
    BUILD_MS,
  );

  test(
    'runs as a user who is not root, and is scraped from outside',
    async () => {
      expect(container.user).toBe('65532:65532');
      const box = createContainer();
      onTestFinished(() => box.remove());
      mkdirSync(join(container.root, VOLUME), { recursive: true });
      const [program, ...args] = container.entrypoint;
      const app = box.run(
        ['/bin/sh', '-c', `cd ${container.workdir} && exec "$@"`, 'sh', `/bin/${program}`, ...args],
        {
          root: container.root,
          volumes: { [VOLUME]: resolve('dist/autoinstrumentation') },
          env: {
            NODE_OPTIONS: `--require ${VOLUME}/autoinstrumentation.js`,
            OTEL_SERVICE_NAME: 'inventory',
            OTEL_TRACES_EXPORTER: 'none',
          },
        },
      );
      await listening('the container', app);
      await expect
        .poll(async () => total(await scrape(9464, box.address), 'target_info'), { timeout: 20_000 })
        .toBe(1);
    },
    BUILD_MS,
  );
});
