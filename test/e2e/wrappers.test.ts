/** Tools that start an application, with the flag in NODE_OPTIONS: only the application is announced and has a page. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort, listening, NODES, REGISTER, runProgram } from '../support/app.js';
import { scrape, total } from '../support/metrics.js';

const TOOLS = resolve(import.meta.dirname, '../tools/node_modules');
const APP = resolve(import.meta.dirname, '../apps/plain.cjs');
const START = `node ${APP}`;
const { version: PNPM } = JSON.parse(readFileSync(join(TOOLS, 'pnpm/package.json'), 'utf8'));
const YARN_PATH = '.yarn/releases/yarn-4.cjs';

/** Commands that run the application, directly or by the script `start`. */
const COMMANDS: Record<string, string[]> = {
  npm: ['npm', 'start', '--silent'],
  'npm exec': ['npm', 'exec', '--call', START],
  'yarn 1': ['node', join(TOOLS, 'yarn/bin/yarn.js'), '--silent', 'start'],
  'yarn by yarnPath': ['node', YARN_PATH, 'start'],
  pnpm: ['node', join(TOOLS, 'pnpm/bin/pnpm.cjs'), '--silent', 'start'],
  corepack: ['node', join(TOOLS, 'corepack/dist/corepack.js'), `pnpm@${PNPM}`, '--silent', 'start'],
  'npm-run-all': ['run-s', '--silent', 'start'],
  'node --run': ['node', '--run', 'start'],
  'node --watch': ['node', '--watch', APP],
  nodemon: ['nodemon', '--quiet', APP],
  concurrently: ['concurrently', '--raw', START],
  'dotenv-cli': ['dotenv', '--', 'node', APP],
  'cross-env': ['cross-env', 'A=1', 'node', APP],
  tsx: ['tsx', APP],
};

const folder = mkdtempSync(join(tmpdir(), 'redhook-wrappers-'));

beforeAll(() => {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'shop', version: '1.0.0', scripts: { start: START } }),
  );
  mkdirSync(join(folder, dirname(YARN_PATH)), { recursive: true });
  copyFileSync(join(TOOLS, '@yarnpkg/cli-dist/bin/yarn.js'), join(folder, YARN_PATH));
  // Yarn runs the scripts of installed projects alone. There is nothing to download.
  writeFileSync(join(folder, 'yarn.lock'), '');
  execFileSync(NODES['24'], [YARN_PATH, 'install'], { cwd: folder, env: env(), stdio: 'ignore' });
  fillCorepack();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function env(): Record<string, string> {
  return {
    PATH: [dirname(NODES['24']), join(TOOLS, '.bin'), process.env['PATH']].join(delimiter),
    HOME: folder,
    YARN_ENABLE_TELEMETRY: '0',
    YARN_NODE_LINKER: 'node-modules',
    COREPACK_HOME: join(folder, 'corepack'),
    COREPACK_ENABLE_NETWORK: '0',
  };
}

/** Gives Corepack what it would otherwise download. */
function fillCorepack(): void {
  const installed = join(folder, 'corepack/v1/pnpm', PNPM);
  cpSync(join(TOOLS, 'pnpm'), installed, { recursive: true });
  const locator = { name: 'pnpm', reference: PNPM };
  const bin = { pnpm: './bin/pnpm.cjs' };
  writeFileSync(join(installed, '.corepack'), JSON.stringify({ locator, bin, hash: 'sha512.0' }));
}

test.each(Object.entries(COMMANDS))('%s', { timeout: 60_000 }, async (name, [command = '', ...args]) => {
  const port = await freePort();
  const app = runProgram(command, args, {
    cwd: folder,
    env: {
      ...env(),
      NODE_OPTIONS: `--require ${REGISTER}`,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
      LIFETIME: '20000',
    },
  });
  onTestFinished(() => app.stop());
  await listening(name, app);
  await fetch(app.url, { headers: { connection: 'close' } });

  const count = async () => total(await scrape(port), 'http_server_request_duration_seconds_count');
  await expect.poll(count, { timeout: 10_000 }).toBe(1);
  const info = (await scrape(port)).find(({ name }) => name === 'target_info');
  const said = app.stderr().match(/^redhook.*$/gm);
  expect(said).toEqual([expect.stringContaining(`metrics=:${port}/metrics`)]);
  // A tool that ends first may leave it behind.
  process.kill(Number(info?.labels['process_pid']), 'SIGKILL');
  app.signal('SIGTERM');
});
