/** The example gateway and its issuer of tokens, in front of a backend, each in a process under the flag. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { freePort } from './port.mts';
import { say } from './print.mts';
import { type Service, startService } from './service.mts';
import { TraceParts } from './trace-parts.mts';

const EXAMPLE = resolve('examples/gateway');
/** How long the parts of a trace may take, and what may follow after the first rows of each. */
const PATIENCE_MS = 10_000;
const REST_MS = 200;
const BUF = 'node_modules/@bufbuild/buf/bin/buf';

/** Starts a program of the example. */
export type Run = (name: string, args: string[]) => Promise<Service>;

/** Token, method, path, and what else a request may have. */
type Request = [token: string, method: string, path: string, body?: string, headers?: object];

export interface GatewayDemo {
  readonly run: Run;
  readonly issuer: Service;
  readonly gateway: Service;
  /** The lines of the gateway's audit. */
  readonly audit: readonly string[];
  ask(...request: Request): Promise<{ traceId: string; answer: string }>;
  /** Sends a request, and prints its answer and its trace, which has parts of these processes. */
  show(title: string, processes: readonly string[], ...request: Request): Promise<void>;
}

/**
 * `startBackend` starts what is behind the gateway. It returns the backend, and for each other process what the text of a
 * span ends with that leads to it.
 */
export async function startGatewayDemo(
  startBackend: (run: Run, image: string) => Promise<{ backend: Service; others?: Record<string, string> }>,
): Promise<GatewayDemo> {
  const folder = mkdtempSync(join(tmpdir(), 'redhook-demo-'));
  const image = join(folder, 'image.binpb');
  execFileSync(process.execPath, [BUF, 'build', '-o', image], { cwd: EXAMPLE });

  const parts = new TraceParts();
  const audit: string[] = [];
  const run: Run = (name, args) =>
    startService(name, {
      cwd: EXAMPLE,
      args,
      env: { NO_COLOR: '1' },
      print: (line) => {
        if (!parts.add(name, line) && line.startsWith('{')) audit.push(line);
      },
    });

  const issuer = await run('issuer', ['issuer/main.ts', '--port', String(await freePort(0))]);
  const { backend, others } = await startBackend(run, image);
  const port = String(await freePort(0));
  const config = writeConfig(folder, issuer.address, port);
  const gateway = await run('gateway', [
    'src/main.ts',
    ...['--image', image, '--upstream', backend.address, '--config', config],
    ...['--host', '127.0.0.1', '--port', port],
  ]);
  const addresses = {
    [backend.name]: backend.address,
    issuer: issuer.address.replace('http://', ''),
    ...others,
  };

  async function ask(...[token, method, path, body, headers]: Request) {
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

  async function show(title: string, processes: readonly string[], ...request: Request): Promise<void> {
    const [, method, path] = request;
    say(title);
    const { traceId, answer } = await ask(...request);
    console.log(`${method} ${path}  ->  ${answer}\n`);
    const isWhole = (): boolean => processes.every((name) => parts.has(traceId, name));
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until && !isWhole(); ) await delay(20);
    await delay(REST_MS);
    console.log(parts.draw(traceId, 'gateway', addresses));
  }

  return { run, issuer, gateway, audit, ask, show };
}

/** The configuration of the example, with the addresses of this run. */
function writeConfig(folder: string, issuer: string, port: string): string {
  const config = parse(readFileSync(join(EXAMPLE, 'gateway.yaml'), 'utf8'));
  Object.assign(config.auth, {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    origin: `http://127.0.0.1:${port}`,
    policy: join(EXAMPLE, config.auth.policy),
  });
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}
