/**
 * `npm run demo`: the example shop under the flag, some traffic, its traces and its RED metrics. Ends by itself, or with
 * `-- --stay` when it is interrupted, so that its live page can be looked at.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { say } from './demo/print.mts';
import { redTable } from './demo/red-table.mts';
import { metricsOf, startService } from './demo/service.mts';

const { stay } = parseArgs({ options: { stay: { type: 'boolean', default: false } } }).values;

say('The example shop, unchanged, under `node --import redhook/register`:');
const shop = await startService('shop', {
  cwd: 'examples/shop',
  args: ['app.mjs'],
  env: { PORT: '0', ...(process.stdout.isTTY && { FORCE_COLOR: '1' }) },
  metricsPort: 9464,
  print: console.log,
});

say('Its traces, as OTEL_TRACES_EXPORTER=console draws them:');
await shopping();
await delay(500);

say(`Its RED metrics, read from ${shop.metrics}/metrics:`);
console.log(redTable(await metricsOf(shop)));
if (stay) {
  say(`Its live page, while orders keep coming: ${shop.metrics}/ (Ctrl-C ends)`);
  const isOver = once(process, 'SIGINT').then(() => true);
  while (!(await Promise.race([isOver, delay(1000)]))) await shopping();
}
await shop.stop();

say('Next, your own service, without a collector:');
console.log(`npm install ${process.cwd()}   # in its folder
OTEL_TRACES_EXPORTER=console node --import redhook/register app.js
curl http://localhost:9464/metrics

docs/configuration.md has every setting, docs/metrics.md every name and label.`);

async function shopping(): Promise<void> {
  for (const path of ['/orders/1', '/orders/2', '/report', '/no-such-page']) await fetch(shop.address + path);
  await fetch(`${shop.address}/orders`, { method: 'POST' });
}
