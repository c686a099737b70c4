/** A process ends with Redhook as it ends without it, and loses no telemetry. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, type AppOptions, freePort, NODES, runApp, startApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';

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
