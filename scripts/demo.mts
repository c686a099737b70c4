/** `npm run demo`: the example shop under the flag, some traffic, its traces and its RED metrics. Ends by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const METRICS_PORT = String(await freePort(9464));
const COUNT = /^((?:http|rpc)_(server|client)_\w+_seconds)_count\{(.*)\} (\S+)$/gm;
const NO_ROUTE = '(no route)';
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

const app = spawn(process.execPath, ['--import', resolve('dist/register.cjs'), 'app.mjs'], {
  cwd: 'examples/shop',
  env: {
    ...process.env,
    PORT: '0',
    OTEL_SERVICE_NAME: 'shop',
    OTEL_TRACES_EXPORTER: 'console',
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_PORT: METRICS_PORT,
    ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});

say('The example shop, unchanged, under `node --import redhook/register`:');
const shop = await addressOf(app.stdout);
app.stdout.pipe(process.stdout);

say('Its traces, as OTEL_TRACES_EXPORTER=console draws them:');
for (const path of ['/orders/1', '/orders/2', '/report', '/no-such-page']) await fetch(shop + path);
await fetch(`${shop}/orders`, { method: 'POST' });
await delay(500);

say(`Its RED metrics, read from http://localhost:${METRICS_PORT}/metrics:`);
console.log(table(await (await fetch(`http://localhost:${METRICS_PORT}/metrics`)).text()));
app.kill('SIGTERM');
await once(app, 'exit');

say('Next, your own service, without a collector:');
console.log(`npm install ${process.cwd()}   # in its folder
OTEL_TRACES_EXPORTER=console node --import redhook/register app.js
curl http://localhost:9464/metrics

docs/configuration.md has every setting, docs/metrics.md every name and label.`);

function say(line: string): void {
  console.log(`\n\x1b[1m${line}\x1b[0m\n`);
}

/** The port that is asked for, or any other when it is taken. */
async function freePort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted);
  try {
    await once(server, 'listening');
  } catch {
    return freePort(0);
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Passes the application's lines on until the one that tells where it listens. */
async function addressOf(stdout: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stdout });
  for await (const line of lines) {
    console.log(line);
    const [url] = /http:\/\/\S+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('the example ended before it listened');
}

/**
 * A line for each series, servers before clients and HTTP before gRPC: what was called, how often, whether that was an
 * error, and how long it took on average.
 */
function table(page: string): string {
  const rows: string[][] = [];
  for (const [, name = '', kind = '', labels = '', count] of page.matchAll(COUNT)) {
    const label = Object.fromEntries([...labels.matchAll(LABEL)].map(([, name, value]) => [name, value]));
    const sum = page.split('\n').find((line) => line.startsWith(`${name}_sum{${labels}} `));
    rows.push([
      `${kind.toUpperCase()} ${label['http_request_method'] ?? label['rpc_system_name']}`,
      label['http_route'] ?? label['rpc_method'] ?? serverIn(label) ?? NO_ROUTE,
      label['http_response_status_code'] ?? label['rpc_status_code'] ?? '',
      label['error_type'] ?? '',
      String(count),
      ((Number(sum?.split(' ').at(-1)) / Number(count)) * 1000).toFixed(1),
    ]);
  }
  rows.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  rows.unshift(['call', 'route or target', 'status', 'error', 'calls', 'mean ms']);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function serverIn({ server_address: address, server_port: port }: Record<string, string | undefined>) {
  return address === undefined || port === undefined ? address : `${address}:${port}`;
}

/** Sorts by side, protocol, target, method and status. A request without a route comes after those that have one. */
function orderOf([call = '', target = '', status = '']: string[]): string {
  const isClient = call.startsWith('CLIENT');
  const isGrpc = call.endsWith('grpc');
  return [Number(isClient), Number(isGrpc), Number(target === NO_ROUTE), target, call, status].join(' ');
}
