/** Signals end a process with Redhook as they end it without, and its last telemetry is sent first. */
import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type App, type AppOptions, NODES, REGISTER, runApp, runProgram } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

/** Both sides of the application's own request. */
const SPANS = 2;

interface Case {
  args: string[];
  spans: number;
  /** Sends signals once the application has printed its line. */
  signals?: (app: App) => unknown;
}

const twice = async (app: App) => {
  app.signal('SIGTERM');
  await delay(5);
  app.signal('SIGTERM');
};

const CASES: Record<string, Case> = {
  'kills itself': { args: ['kills itself'], spans: SPANS },
  'kills itself before there is anything to lose': { args: ['kills itself', '0'], spans: 0 },
  'raises the signal again after its cleanup': { args: ['raises again'], spans: SPANS },
  'listens only if nobody else does': { args: ['listens if nobody does'], spans: SPANS },
  'has ten listeners': { args: ['has ten listeners'], spans: SPANS },
  'removes its listener': { args: ['stops listening'], spans: SPANS },
  'emits events of the process by hand': { args: ['emits by hand'], spans: SPANS },
  'blocks its event loop': { args: ['blocks', '0'], spans: 0, signals: (app) => app.signal('SIGTERM') },
  'gets two signals at once': { args: ['waits'], spans: SPANS, signals: twice },
  'gets SIGHUP': { args: ['waits'], spans: SPANS, signals: (app) => app.signal('SIGHUP') },
  'gets SIGQUIT': { args: ['waits'], spans: SPANS, signals: (app) => app.signal('SIGQUIT') },
  'gets SIGUSR2': { args: ['waits'], spans: SPANS, signals: (app) => app.signal('SIGUSR2') },
};

function envOf(service: string): Record<string, string> {
  return {
    OTEL_SERVICE_NAME: service,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOG_LEVEL: 'warn',
    // What this starts must not be what makes the signals watched.
    OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'runtime',
  };
}

function spansOf(service: string): string[] {
  const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
  return spans.map(({ spanId }) => spanId);
}

async function untilPrinted(app: App): Promise<void> {
  while (app.stdout() === '') await delay(5);
}

describe.each(Object.entries(NODES))('Node %s', (version, node) => {
  test.each(Object.entries(CASES))('a process that %s', async (name, { args, spans, signals }) => {
    const service = `${version} ${name}`;
    const run = async (options: AppOptions) => {
      const app = runApp('signals.cjs', { node, args, ...options });
      onTestFinished(() => app.stop());
      if (signals !== undefined) {
        await untilPrinted(app);
        await signals(app);
      }
      const end = await app.ended;
      return { end, stdout: app.stdout(), stderr: app.stderr() };
    };

    const [bare, ours] = await Promise.all([run({ flags: [] }), run({ env: envOf(service) })]);

    expect(ours).toEqual(bare);
    expect(new Set(spansOf(service)).size).toBe(spans);
    expect(spansOf(service)).toHaveLength(spans);
  });

  test('with exit.signals: false a blocked process ends at once, and its last spans are lost', async () => {
    const service = `${version} no signals`;
    const app = runApp('signals.cjs', { node, args: ['blocks'], cwd: CONFIG, env: envOf(service) });
    onTestFinished(() => app.stop());
    await untilPrinted(app);
    app.signal('SIGTERM');

    expect(await app.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(app.stdout()).toBe('blocked\n');
  });
});

const CONFIG = new URL('../apps/no-signals', import.meta.url).pathname;

/** Whether this user may make a process the first one of its own namespace. */
function mayUnshare(): boolean {
  try {
    execFileSync('unshare', ['-pf', '--mount-proc', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const unshare = mayUnshare();
if (!unshare) console.log('skipped: a process as PID 1; it needs unshare and the right to use it (root)');

test.skipIf(!unshare)(
  'the first process of a container lives on, and its calls end as they really end',
  async () => {
    const service = 'pid 1';
    const app = runProgram(
      'unshare',
      [
        '-pf',
        '--mount-proc',
        '--kill-child',
        NODES['24'],
        '--import',
        REGISTER,
        'test/apps/first-process.cjs',
      ],
      { env: { ...envOf(service), OTEL_BSP_SCHEDULE_DELAY: '100' } },
    );
    onTestFinished(() => app.stop());
    while (app.url === '') await delay(5);

    const slow = fetch(`${app.url}/slow`);
    await delay(100);
    const [child] = execFileSync('pgrep', ['-P', String(app.pid)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    process.kill(Number(child), 'SIGTERM');
    await delay(50);
    expect(await (await fetch(app.url)).text()).toBe('ok');
    expect(await (await slow).text()).toBe('slow');

    await expect.poll(() => spansOf(service).length).toBe(2);
    await delay(300);
    expect(new Set(spansOf(service)).size).toBe(2);
    expect(spansOf(service)).toHaveLength(2);
    const errors = collector.spans.map(({ attributes }) => attributes['error.type']);
    expect(errors.filter((type) => type === 'aborted')).toEqual([]);
  },
);
