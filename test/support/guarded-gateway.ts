/** The gateway of examples/ with its issuer and its orders, each in a process of its own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type KeyPair, newKeyPair } from '../../examples/gateway/conformance/tokens.ts';
import { type App, type AppOptions, freePort, startApp } from './app.js';
import { startGateway } from './gateway.js';

const EXAMPLE = resolve(import.meta.dirname, '../../examples/gateway');

export const AUDIENCE = 'https://orders.example';
/** Not where it listens, as behind a proxy. */
export const ORIGIN = 'https://api.example';

export interface Issuer extends App {
  /** What it signs with. */
  readonly key: KeyPair;
}

/** Starts an issuer with a key of its own. */
export async function startIssuer(
  kid = 'first',
  port?: number,
  { flags = [], ...options }: AppOptions = {},
): Promise<Issuer> {
  const key = await newKeyPair(kid);
  const file = write('keys.json', JSON.stringify({ keys: [key.jwk] }));
  const args = ['--port', String(port ?? (await freePort())), '--audience', AUDIENCE, '--keys', file];
  const app = await startApp(join(EXAMPLE, 'issuer/main.ts'), { flags, ...options, args });
  return Object.assign(app, { key });
}

/** Starts the order service. The URL is `host:port`. */
export async function startOrders(
  image: string,
  { port = 0, flags = [], ...options }: AppOptions & { port?: number } = {},
): Promise<App> {
  const args = ['--image', image, '--address', `127.0.0.1:${port}`];
  return startApp(join(EXAMPLE, 'order-service/main.ts'), { flags, ...options, args });
}

export interface GuardedGateway extends App {
  /** The file of its policy, which it reads again. */
  readonly policy: string;
}

/** Starts a gateway that takes the tokens of an issuer, by the policy of the example if none is given. */
export async function startGuardedGateway(
  image: string,
  upstream: string,
  issuer: string,
  { auth, policy, ...options }: AppOptions & { auth?: object; policy?: object } = {},
): Promise<GuardedGateway> {
  const policyFile =
    policy === undefined ? join(EXAMPLE, 'policy.yaml') : write('policy.yaml', JSON.stringify(policy));
  const args = ['--config', guardedConfig(issuer, { policy: policyFile, ...auth })];
  const app = await startGateway(image, upstream, { ...options, args });
  return Object.assign(app, { policy: policyFile });
}

/** Writes the configuration of a gateway that takes the tokens of an issuer, and gives its file. */
export function guardedConfig(issuer: string, auth: object = {}): string {
  const standard = {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    audience: AUDIENCE,
    origin: ORIGIN,
    policy: join(EXAMPLE, 'policy.yaml'),
  };
  // JSON is YAML.
  return write('gateway.yaml', JSON.stringify({ auth: { ...standard, ...auth } }));
}

/** The decisions that a gateway has written so far. */
export function auditOf(gateway: App): Record<string, unknown>[] {
  const complete = gateway.stdout().split('\n').slice(0, -1);
  return complete.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

function write(name: string, text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'redhook-gateway-')), name);
  writeFileSync(file, text);
  return file;
}
