/** A process ends with Redhook as it ends without it, and loses no telemetry. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type App,
  type AppOptions,
  freePort,
  NODES,
  REGISTER,
  runApp,
  runProgram,
  startApp,
} from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';

const MOCHA = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

interface End {
  /** Makes the application end. */
  cause(app: App): unknown;
  file?: string;
  env?: Record<string, string>;
  /** How many calls are not exported yet when it ends. */
  spans: number;
}

const get = (path: string) => (app: App) => fetch(app.url + path).catch(() => {});
const signal = (name: NodeJS.Signals) => async (app: App) => {
  await fetch(app.url);
  app.signal(name);
};

const ENDS: Record<string, End> = {
  'by itself': { file: 'plain.cjs', env: { LIFETIME: '300' }, cause: get('/'), spans: 1 },
  'by closing its server': { cause: get('/close'), spans: 1 },
  'by process.exit()': { cause: get('/exit/3'), spans: 1 },
  'by an uncaught exception': { cause: get('/crash'), spans: 1 },
  'by a handler that throws': { file: 'plain.cjs', cause: get('/throw'), spans: 1 },
  'by SIGTERM': { file: 'plain.cjs', cause: signal('SIGTERM'), spans: 1 },
  'by SIGINT': { file: 'plain.cjs', cause: signal('SIGINT'), spans: 1 },
  'by its own SIGTERM handler that closes': {
    file: 'plain.cjs',
    env: { ON_SIGTERM: 'close' },
    cause: signal('SIGTERM'),
    spans: 1,
  },
  'by its own SIGTERM handler that exits': {
    file: 'plain.cjs',
    env: { ON_SIGTERM: 'exit' },
    cause: signal('SIGTERM'),
    spans: 1,
  },
  'by terminus, which cleans up and raises SIGTERM again': {
    file: 'terminus.cjs',
    cause: signal('SIGTERM'),
    spans: 1,
  },
  'by SIGHUP': { file: 'plain.cjs', cause: signal('SIGHUP'), spans: 1 },
};

/**
 * The stack frames between the application's handler and Node that may differ: the call in which a handler runs, and
 * the frames that Node 22 adds once an AsyncLocalStorage is in use. The rest of a crash's output must be the same.
 */
const FRAMES = / {4}at .*(start\.cjs|AsyncLocalStorage\.run|runInAsyncScope|callbackTrampoline).*\n/g;

describe.each(Object.keys(NODES) as (keyof typeof NODES)[])('Node %s', (version) => {
  test.each(Object.keys(ENDS))('ends %s', async (name) => {
    const { file = 'orders/app.cjs', cause, env, spans } = ENDS[name] as End;
    const service = `${version} ${name}`;
    const run = async (more: AppOptions) => {
      const app = await startApp(file, { node: NODES[version], ...more });
      await cause(app);
      const end = await app.ended;
      return { end, stdout: app.stdout().replace(/:\d+/, ''), stderr: app.stderr().replace(FRAMES, '') };
    };

    const bare = await run({ flags: [], env: { ...env } });
    const ours = await run({
      env: {
        ...env,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()),
        OTEL_LOG_LEVEL: 'none',
      },
    });

    expect(ours).toEqual(bare);
    expect(collector.spans.filter(({ resource }) => resource['service.name'] === service)).toHaveLength(
      spans,
    );
  });
});

test('a preload before Redhook has wrapped process.emit: nothing is lost by it', async () => {
  const service = 'wrapped emit';
  const wrapper = fileURLToPath(new URL('../apps/wrapped-emit.cjs', import.meta.url));
  const app = await startApp('plain.cjs', {
    flags: ['--require', wrapper, '--require', REGISTER],
    env: {
      LIFETIME: '300',
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
    },
  });
  await get('/')(app);

  expect(await app.ended).toEqual({ code: 0, signal: null });
  expect(collector.spans.filter(({ resource }) => resource['service.name'] === service)).toHaveLength(1);
});

/** How others see a process end that they have started. The flag reaches both by NODE_OPTIONS. */
describe.each(Object.entries(NODES))('what starts a process on Node %s', (version, node) => {
  const compare = async (service: string, args: string[], env: Record<string, string> = {}) => {
    const run = async (more: Record<string, string>) => {
      const app = runProgram(node, args, { env: { ...env, ...more } });
      const end = await app.ended;
      const stdout = app.stdout().replaceAll(/ \(\d+ms\)/g, '');
      return { end, stdout: stdout.replace(FRAMES, ''), stderr: app.stderr() };
    };
    const [bare, ours] = await Promise.all([
      run({}),
      run({
        NODE_OPTIONS: `--require ${REGISTER}`,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOG_LEVEL: 'none',
      }),
    ]);
    expect(ours).toEqual(bare);
    const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
    return { ...bare, spans: spans.length };
  };

  test.each([
    ['passes', 0, null, 6],
    ['fails', 1, null, 6],
    ['throws', 1, null, 6],
    ['is killed', null, 'SIGTERM', 6],
  ])('mocha, whose run %s', async (SPEC, code, signal, spans) => {
    // With a flag for Node, mocha runs in a child and ends as that does.
    for (const flags of [[], ['--expose-gc']]) {
      const seen = await compare(
        `${version} mocha ${SPEC} ${flags.length}`,
        [MOCHA, ...flags, 'test/apps/mocha.spec.cjs'],
        { SPEC },
      );
      expect(seen).toMatchObject({ end: { code, signal }, spans });
    }
  });

  test.concurrent.each([
    ['is idle', ['waits'], 4],
    ['blocks its event loop', ['blocks', '0'], 2],
  ])('spawnSync with a timeout, of a process that %s', async (_, args, spans) => {
    const seen = await compare(`${version} spawnSync ${args.join(' ')}`, [
      'test/apps/spawn-sync.cjs',
      ...args,
    ]);
    expect(seen).toMatchObject({ end: { code: 0, signal: null }, spans });
    expect(seen.stdout).toContain("signal: 'SIGTERM'");
  });
});

test.each(['nothing', 'exit', 'exception', 'signal'])(
  'a job shorter than the interval delivers its own metrics: it ends by %s',
  async (END) => {
    const service = `job ${END}`;
    const app = runApp('job.cjs', {
      env: {
        END,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_METRICS_EXPORTER: 'otlp',
        OTEL_LOG_LEVEL: 'none',
      },
    });
    await app.ended;

    const rows = collector.metrics.filter(
      ({ name, resource }) => name === 'job.rows' && resource['service.name'] === service,
    );
    expect(rows).toMatchObject([
      { type: 'sum', scope: { name: 'job' }, points: [{ attributes: { kind: 'x' }, value: 12345 }] },
    ]);
  },
);
