/**
 * `npm run demo:gateway`: the example gateway, its order service and its issuer of tokens, each in a process under the flag;
 * requests that pass, that a role and an open circuit stop, and one that is answered by a stream. Ends by itself.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { newKeyPair, newProof, requestToken } from '../examples/gateway/conformance/tokens.ts';
import { freePort } from './demo/port.mts';
import { say } from './demo/print.mts';
import { redTable } from './demo/red-table.mts';
import { metricsOf, startService } from './demo/service.mts';
import { TraceParts } from './demo/trace-parts.mts';

const EXAMPLE = resolve('examples/gateway');
const BUF = 'node_modules/@bufbuild/buf/bin/buf';
/** With so many calls that fail, the circuit of a clerk opens: policy.yaml. */
const ENOUGH_CALLS = 15;

const folder = mkdtempSync(join(tmpdir(), 'redhook-demo-'));
const image = join(folder, 'image.binpb');
execFileSync(process.execPath, [BUF, 'build', '-o', image], { cwd: EXAMPLE });

const parts = new TraceParts();
const audit: string[] = [];
const run = (name: string, args: string[]) =>
  startService(name, {
    cwd: EXAMPLE,
    args,
    env: { NO_COLOR: '1' },
    print: (line) => {
      if (!parts.add(name, line) && line.startsWith('{')) audit.push(line);
    },
  });

const issuer = await run('issuer', ['issuer/main.ts', '--port', String(await freePort(4000))]);
const orders = await run('orders', ['order-service/main.ts', '--image', image]);
const port = String(await freePort(8080));
const gateway = await run('gateway', [
  'src/main.ts',
  ...['--image', image, '--upstream', orders.address, '--config', writeConfig()],
  ...['--host', '127.0.0.1', '--port', port],
]);
const addresses = { orders: orders.address, issuer: issuer.address.replace('http://', '') };

say('A gateway, its order service and its issuer, unchanged, each under `node --import redhook/register`.');

const tokens = {
  bob: await requestToken(issuer.address, 'bob'),
  eve: await requestToken(issuer.address, 'eve'),
};
const order = JSON.stringify({ customer: 'ada', items: [{ sku: 'A-1', quantity: 2 }] });
await show(
  'bob, a clerk, places an order by REST. The gateway calls its backend by gRPC.',
  tokens.bob,
  'POST',
  '/v1/orders',
  order,
);
await show(
  'The order, as it changes: a stream of gRPC, by lines of JSON.',
  tokens.bob,
  'GET',
  '/v1/orders/1:watch',
);
await showBound();
await show(
  'eve, an auditor, must not place orders: 403, and the backend does not hear of it.',
  tokens.eve,
  'POST',
  '/v1/orders',
  order,
);

const ordersPage = await metricsOf(orders);
await orders.stop();
for (let i = 0; i < ENOUGH_CALLS; i += 1) await ask(tokens.bob, 'GET', '/v1/orders/1');
await show(
  'The backend is gone. Calls have failed until the circuit of clerks to this endpoint has opened: 503, and no call is made.',
  tokens.bob,
  'GET',
  '/v1/orders/1',
);

say('What the gateway has decided, as its audit tells it (the last three):');
console.log(audit.slice(-3).join('\n'));

const gatewayPage = await metricsOf(gateway);
say(`RED metrics of the gateway, from ${gateway.metrics}/metrics:`);
console.log(redTable(gatewayPage));
say('RED metrics of the order service, from its own page:');
console.log(redTable(ordersPage));
say("The gateway's own metrics, by @opentelemetry/api, on the same page:");
console.log(
  gatewayPage
    .match(/^gateway_.*$/gm)
    ?.map(withoutScope)
    .join('\n'),
);

await Promise.all([gateway.stop(), issuer.stop()]);

/** The configuration of the example, with the addresses of this run. */
function writeConfig(): string {
  const config = parse(readFileSync(join(EXAMPLE, 'gateway.yaml'), 'utf8'));
  Object.assign(config.auth, {
    issuer: issuer.address,
    jwks_uri: `${issuer.address}/jwks`,
    origin: `http://127.0.0.1:${port}`,
    policy: join(EXAMPLE, config.auth.policy),
  });
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function ask(token: string, method: string, path: string, body?: string, headers: object = {}) {
  const traceId = randomBytes(16).toString('hex');
  const response = await fetch(`${gateway.address}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  const retryAfter = response.headers.get('retry-after');
  const status = `${response.status}${retryAfter === null ? '' : `, Retry-After: ${retryAfter}`}`;
  return { traceId, answer: `${status}\n${(await response.text()).trimEnd()}` };
}

/** Sends a request, and prints its answer and its trace. */
async function show(title: string, ...request: Parameters<typeof ask>): Promise<void> {
  const [, method, path] = request;
  say(title);
  const { traceId, answer } = await ask(...request);
  console.log(`${method} ${path}  ->  ${answer}\n`);
  for (let tries = 0; tries < 100 && !parts.has(traceId, 'gateway'); tries += 1) await delay(20);
  // The other processes have ended their parts before.
  await delay(200);
  console.log(parts.draw(traceId, 'gateway', addresses));
}

/** kim's tokens are bound to a key: without a proof of it they are worth nothing. */
async function showBound(): Promise<void> {
  const key = await newKeyPair();
  const token = await requestToken(issuer.address, 'kim', { key });
  const path = '/v1/orders/1';
  const proof = await newProof(key, { method: 'GET', url: `${gateway.address}${path}`, token });
  await show(
    "kim's token is bound to a key (DPoP), and comes with a proof of it.",
    token,
    'GET',
    path,
    undefined,
    {
      authorization: `DPoP ${token}`,
      dpop: proof,
    },
  );
}

function withoutScope(line: string): string {
  return line.replace(/(?:service_name|otel_scope_\w+)="[^"]*",?/g, '').replace(',}', '}');
}
