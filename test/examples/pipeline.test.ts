/** What the pipeline asks its engine for. No engine can run here. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { refusedLicences } from '../../examples/pipeline/src/licences.js';
import { SERVICES } from '../../examples/pipeline/src/services.js';
import {
  type DaggerRecorder,
  type Graph,
  type Step,
  startDaggerRecorder,
} from '../support/dagger-recorder.js';
import { buildPipeline, callPipeline } from '../support/pipeline.js';

const EXAMPLE = resolve('examples/gateway');

let recorder: DaggerRecorder;
beforeAll(async () => {
  await buildPipeline();
  recorder = await startDaggerRecorder();
});
afterAll(() => recorder?.close());

async function graphOf(name: string, folder: string, ...args: unknown[]): Promise<Graph> {
  return recorder.graphOf(String(await callPipeline(recorder, name, folder, ...args)));
}

const named = (graph: Graph, name: string): Step[] => graph.filter((step) => step.name === name);

/** The files and folders of the example that a graph depends on. */
function inputsOf(graph: Graph): string[] {
  return graph.flatMap(({ args }) =>
    Object.values(args).flatMap((value) => {
      if (!Array.isArray(value) || !value.every((step) => step?.name !== undefined)) return [];
      const source = value as Graph;
      return source[0]?.name === 'host' ? [String(source.at(-1)?.args['path'])] : inputsOf(source);
    }),
  );
}

describe('the image of a service', () => {
  let graph: Graph;
  let packages: Graph;
  beforeAll(async () => {
    graph = await graphOf('build', EXAMPLE, 'gateway');
    packages = named(graph, 'withDirectory')[0]?.args['source'] as Graph;
  });

  test('installs packages by the lock file, before any source, from a shared cache', () => {
    expect(packages.map(({ name }) => name)).toEqual([
      ...[
        'container',
        'from',
        'withWorkdir',
        'withMountedCache',
        'withFile',
        'withFile',
        'withExec',
        'directory',
      ],
    ]);
    expect(named(packages, 'withMountedCache')[0]?.args).toMatchObject({
      path: '/root/.npm',
      sharing: 'SHARED',
    });
    expect(inputsOf(packages)).toEqual(['package.json', 'package-lock.json']);
    expect(named(packages, 'withExec')[0]?.args['args']).toEqual(
      expect.arrayContaining(['npm', 'ci', '--ignore-scripts', '--omit=dev']),
    );
  });

  test('takes the configuration last, so that a change of it leaves all layers before it', () => {
    const contents = graph.filter(({ name }) => name === 'withFile' || name === 'withDirectory');
    expect(contents.slice(-2).map(({ args }) => args['path'])).toEqual([
      '/app/gateway.yaml',
      '/app/policy.yaml',
    ]);
    const before = graph.slice(0, graph.indexOf(contents.at(-2) as Step));
    expect(inputsOf(before).filter((path) => path.endsWith('.yaml'))).toEqual(['buf.yaml']);
  });

  test('runs as a user who is not root, and says that it keeps no state', () => {
    expect(graph.slice(-4)).toEqual([
      { name: 'withLabel', args: { name: 'io.dagger.stateless', value: 'true' } },
      {
        name: 'withLabel',
        args: { name: 'org.opencontainers.image.title', value: 'redhook-example-gateway' },
      },
      { name: 'withUser', args: { name: '65532:65532' } },
      { name: 'withEntrypoint', args: { args: ['node', ...(SERVICES['gateway'] as string[])] } },
    ]);
  });

  test('differs between services in its title and its command alone', async () => {
    const worker = await graphOf('build', EXAMPLE, 'worker');
    const different = graph.filter((step, i) => JSON.stringify(step) !== JSON.stringify(worker[i]));
    expect(different.map(({ name }) => name)).toEqual(['withLabel', 'withEntrypoint']);
  });

  test('of a service that does not exist is an error that names those that do', async () => {
    await expect(callPipeline(recorder, 'build', EXAMPLE, 'shop')).rejects.toThrow(
      /there is no service shop; expected one of gateway, issuer, /,
    );
  });
});

test('the sidecar is the drop-in folder and a cp', async () => {
  const graph = await graphOf('sidecar', resolve('.'));
  expect(graph.map(({ name, args }) => [name, args['path'] ?? args['name']])).toEqual([
    ['container', undefined],
    ['withFile', '/bin/cp'],
    ['withDirectory', '/autoinstrumentation'],
    ['withEnvVariable', 'PATH'],
    ['withLabel', 'io.dagger.stateless'],
    ['withUser', '65532:65532'],
  ]);
  const built = graph[2]?.args['source'] as Graph;
  expect(named(built, 'withExec').at(-1)?.args['args']).toEqual(['npm', 'run', 'build']);
  expect(built.at(-1)?.args['path']).toBe('dist/autoinstrumentation');
});

test.each([1, 3])('publishes every service, at most %i at a time', async (parallel) => {
  const registry = await startDaggerRecorder();
  onTestFinished(() => registry.close());
  const references = await callPipeline(
    registry,
    'publish',
    EXAMPLE,
    'registry.example.com/shop',
    '1.0',
    parallel,
  );
  expect(references).toEqual(
    Object.keys(SERVICES).map((service) => `registry.example.com/shop/${service}:1.0`),
  );
  expect(registry.asked.filter(({ name }) => name === 'publish')).toHaveLength(Object.keys(SERVICES).length);
  expect(registry.mostAtOnce).toBeLessThanOrEqual(parallel);
});

describe('licences', () => {
  const sbom = execFileSync('npm', ['sbom', '--omit=dev', '--sbom-format=cyclonedx'], {
    cwd: EXAMPLE,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });

  test('of the example are all allowed', () => {
    expect(JSON.parse(sbom).components.length).toBeGreaterThan(50);
    expect(refusedLicences(sbom)).toEqual([]);
  });

  test.each([
    ['GPL-3.0-only', ['shop 1.0.0: GPL-3.0-only']],
    ['MIT OR GPL-3.0-only', []],
    ['SEE LICENSE IN EULA', ['shop 1.0.0: SEE LICENSE IN EULA']],
  ])('%s', (expression, refused) => {
    const components = [{ name: 'shop', version: '1.0.0', licenses: [{ expression }] }];
    expect(refusedLicences(JSON.stringify({ components }))).toEqual(refused);
  });

  test('a package that tells none is refused', () => {
    const components = [{ name: 'shop', version: '1.0.0' }];
    expect(refusedLicences(JSON.stringify({ components }))).toEqual(['shop 1.0.0: no licence']);
  });

  test('the function reads the bill of materials of the packages that run', async () => {
    const reading = await startDaggerRecorder({ contents: sbom });
    expect(await callPipeline(reading, 'licences', EXAMPLE)).toBe('all licences are allowed');
    const [{ graph } = { graph: [] }] = reading.asked;
    expect(named(graph, 'withExec').map(({ args }) => args['args'])).toEqual([
      expect.arrayContaining(['npm', 'ci', '--omit=dev']),
      expect.arrayContaining(['npm', 'sbom', '--omit=dev']),
    ]);
    reading.close();
  });
});
