import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { negotiateFormat } from '../../../src/telemetry/prometheus/negotiate.js';
import { createPage } from '../../../src/telemetry/prometheus/page.js';
import { hasProgram } from '../../support/program.js';
import { ORDERS_PAGE } from '../../support/prometheus-page.js';
import { callsInto, startSdk } from '../../support/sdk-metrics.js';

test.skipIf(!hasProgram('promtool', 'apt-get install prometheus'))(
  'promtool reports no problems',
  async () => {
    const red = createRed({ maxRoutes: 500, maxSeries: 2_000, exemplars: 'trace_based' });
    const call = callsInto(red);
    for (const route of ['/a', '/b"\\\n']) call({ route, code: 200 });
    call({ code: 500, error: new Error('x') });
    call({ kind: 'client', attributes: { 'server.address': '::1', 'server.port': 80 } });
    const sdk = startSdk([red.producer]);
    const meter = sdk.provider.getMeter('app', '1.0');
    meter.createCounter('sent', { unit: 'By', description: 'Bytes sent.' }).add(1, { '2nd': 'x', le: '1' });
    meter.createHistogram('wait', { unit: 's', description: 'Time waited.' }).record(1, { 'a.b': 1, a_b: 2 });
    const page = createPage(ORDERS_PAGE);

    for (const accept of ['text/plain;version=0.0.4', 'text/plain;version=1.0.0']) {
      const input = [...page(await sdk.read(), negotiateFormat(accept))].join('');
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
        input,
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toBe('');
      expect(status).toBe(0);
    }
  },
);
