/** What docs/containers.md says for PM2 and systemd, tried on them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort, NODES, REGISTER } from '../support/app.js';
import { scrape, total } from '../support/metrics.js';
import { hasProgram } from '../support/program.js';

const DOCS = readFileSync(resolve(import.meta.dirname, '../../docs/containers.md'), 'utf8');
const PM2 = resolve(import.meta.dirname, '../tools/node_modules/pm2/bin/pm2');
const INSTALLED = join(dirname(REGISTER), 'autoinstrumentation');
const CALLS = 'http_server_request_duration_seconds_count';

/** The example under a heading, with Redhook where it is here. */
function example(heading: string): string {
  const [, text] = new RegExp(`\\n## ${heading}\\n\\n\`\`\`\\w+\\n([^]*?)\`\`\``).exec(DOCS) ?? [];
  if (text === undefined) throw new Error(`no example for ${heading}`);
  return text.replaceAll('/redhook/', `${INSTALLED}/`);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-managers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe.each([
  { mode: 'fork', instances: 1 },
  { mode: 'cluster', instances: 3 },
])('PM2, $mode', ({ mode, instances }) => {
  test('has one page, and the name of the application', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const [port, metricsPort] = [await freePort(), await freePort()];
    writeFileSync(
      join(folder, 'app.js'),
      `require('node:http').createServer((_, response) => response.end('ok')).listen(${port}, '127.0.0.1')`,
    );
    const more = `exec_mode: '${mode}', instances: ${instances}, name: 'orders'`;
    writeFileSync(join(folder, 'ecosystem.config.cjs'), example('PM2').replace("name: 'orders'", more));
    const pm2 = (...args: string[]): string =>
      execFileSync(NODES['24'], [PM2, ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: {
          PATH: [dirname(NODES['24']), process.env['PATH']].join(delimiter),
          HOME: folder,
          PM2_HOME: join(folder, 'home'),
          OTEL_TRACES_EXPORTER: 'none',
          OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
        },
      });
    onTestFinished(() => void pm2('kill'));

    pm2('start', 'ecosystem.config.cjs');
    const ask = async (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
        ({ ok }) => ok,
        () => false,
      );
    await expect.poll(ask, { timeout: 20_000 }).toBe(true);
    let served = 1;
    for (; served < 20; served += 1) expect(await ask()).toBe(true);

    const count = async () => total(await scrape(metricsPort), CALLS, { service_name: 'orders' });
    await expect.poll(() => count().catch(() => 0), { timeout: 20_000 }).toBe(served);
  });
});

test.runIf(hasProgram('systemd-analyze', 'apt-get install systemd'))('systemd accepts the unit', () => {
  const folder = temporaryFolder();
  const unit = join(folder, 'orders.service');
  // The program must exist.
  writeFileSync(unit, example('systemd').replace('/usr/bin/node', NODES['24']));

  expect(execFileSync('systemd-analyze', ['verify', unit], { encoding: 'utf8', stdio: 'pipe' })).toBe('');
  const { NODE_OPTIONS } = Object.fromEntries(
    Array.from(
      readFileSync(unit, 'utf8').matchAll(/^Environment="?(\w+)=([^"\n]*)"?$/gm),
      ([, name, value]) => [name, value],
    ),
  );
  expect(
    execFileSync(NODES['24'], ['-p', 'Symbol.for("redhook.started") in globalThis'], {
      encoding: 'utf8',
      env: { NODE_OPTIONS },
    }),
  ).toBe('true\n');
});
