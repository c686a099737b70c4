/** Which process has the port of the metrics page, and which server. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, NODES, REGISTER, startApp } from '../support/app.js';

/** Without the permission to write files, each worker has a page of its own. */
const NO_FILES = ['--permission', '--allow-fs-read=*', '--allow-child-process', '--import', REGISTER];
const FLAG = ['--import', REGISTER];

test.each([
  ['primary', FLAG, '1', NODES['24']],
  ['1', FLAG, '1', NODES['24']],
  ['2', FLAG, '1', NODES['22.15.0']],
  ['primary', NO_FILES, '2', NODES['24']],
  ['1', NO_FILES, '2', NODES['24']],
  ['2', NO_FILES, '2', NODES['24']],
])('the process %s of a cluster gets the port of the page (%j)', async (WHO, flags, PAGES, node) => {
  const port = String(await freePort());
  const app = await startApp('metrics-port.cjs', {
    node,
    flags,
    env: {
      WHO,
      PAGES,
      METRICS_PORT: port,
      OTEL_EXPORTER_PROMETHEUS_PORT: port,
      OTEL_TRACES_EXPORTER: 'none',
    },
  });
  onTestFinished(() => app.stop());

  expect(await (await fetch(app.url)).text()).toBe('own page\n');
  await expect
    .poll(() => app.stderr(), { timeout: 5_000 })
    .toContain(`the application listens on port ${port} itself`);
});

test('a tool that makes a request and starts the application leaves the port to it', async () => {
  const target = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const port = String(await freePort());
  const launcher = await startApp('launcher.cjs', {
    env: {
      TARGET: `http://127.0.0.1:${(target.address() as AddressInfo).port}`,
      LIFETIME: '2000',
      OTEL_EXPORTER_PROMETHEUS_PORT: port,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_LOG_LEVEL: 'warn',
    },
  });
  onTestFinished(() => void target.close());

  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(page).toContain('process_pid=');
  expect(page).not.toContain(`process_pid="${launcher.pid}"`);
  expect(await launcher.ended).toEqual({ code: 0, signal: null });
  expect(launcher.stderr()).toBe('');
});
