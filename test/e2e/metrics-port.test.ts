/** A server of the application gets the port of the metrics page, whichever process of a cluster has either. */
import { expect, onTestFinished, test } from 'vitest';
import { freePort, NODES, startApp } from '../support/app.js';

test.each([
  ['primary', NODES['24']],
  ['1', NODES['24']],
  ['2', NODES['24']],
  ['2', NODES['22.15.0']],
])('the process %s of a cluster gets the port of the page that a worker serves', async (WHO, node) => {
  const port = String(await freePort());
  const app = await startApp('metrics-port.cjs', {
    node,
    env: { WHO, METRICS_PORT: port, OTEL_EXPORTER_PROMETHEUS_PORT: port, OTEL_TRACES_EXPORTER: 'none' },
  });
  onTestFinished(() => app.stop());

  expect(await (await fetch(app.url)).text()).toBe('own page\n');
  await expect
    .poll(() => app.stderr(), { timeout: 5_000 })
    .toContain(`the application listens on port ${port} itself`);
});
