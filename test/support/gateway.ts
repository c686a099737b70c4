/** The gateway of examples/ as a child process. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { type App, type AppOptions, REGISTER, startApp } from './app.js';

const ROOT = resolve(import.meta.dirname, '../..');
/** The protos of the example, and those of the conformance suite. */
export const EXAMPLE = 'examples/gateway/proto';
const CONFORMANCE = 'examples/gateway/conformance/proto';
const BUF = 'examples/gateway/node_modules/@bufbuild/buf/bin/buf';

/** Compiles folders of protos: by default the conformance suite, and the example that knows nothing of it. */
export function buildImage(folders = [CONFORMANCE, EXAMPLE]): string {
  const output = join(mkdtempSync(join(tmpdir(), 'redhook-gateway-')), 'image.binpb');
  const config = JSON.stringify({ version: 'v2', modules: folders.map((path) => ({ path })) });
  execFileSync(process.execPath, [BUF, 'build', '--config', config, '-o', output], { cwd: ROOT });
  return output;
}

export async function startGateway(
  image: string,
  upstream: string,
  { args = [], ...options }: AppOptions = {},
): Promise<App> {
  return startApp(join(ROOT, 'examples/gateway/src/main.ts'), {
    flags: [],
    ...options,
    args: ['--image', image, '--upstream', upstream, '--host', '127.0.0.1', '--port', '0', ...args],
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export type Options = Parameters<typeof send>[3];

/** The gateway alone and under Redhook. */
export interface Gateways {
  readonly bare: App;
  readonly flagged: App;
  /** The answer of the gateway, which must be the same under Redhook. */
  ask(method: string, path: string, options?: Options): Promise<Answer>;
  /** The same, with its body as JSON. */
  json(method: string, path: string, options?: Options): Promise<{ status: number; json: unknown }>;
  stop(): Promise<void>;
}

export async function startGateways(
  image: string,
  upstream: string,
  options: AppOptions = {},
): Promise<Gateways> {
  const flagged = {
    ...options,
    flags: ['--import', REGISTER],
    env: { ...options.env, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
  };
  const both = await Promise.all([options, flagged].map((each) => startGateway(image, upstream, each)));
  const [alone, under] = both as [App, App];
  const ask: Gateways['ask'] = async (method, path, request) => {
    const answers = await Promise.all(both.map(({ url }) => send(url, method, path, request)));
    const [expected, found] = answers as [Answer, Answer];
    expect(comparable(found)).toEqual(comparable(expected));
    return expected;
  };
  return {
    bare: alone,
    flagged: under,
    ask,
    async json(method, path, request) {
      const { status, body } = await ask(method, path, request);
      return { status, json: body.length === 0 ? undefined : JSON.parse(body.toString()) };
    },
    async stop() {
      await Promise.all(both.map((app) => app.stop()));
    },
  };
}

function comparable({ status, headers: { date, ...headers }, body }: Answer): object {
  return { status, headers, body: body.toString('latin1') };
}

/** Sends a request as it is: `fetch` would change its path. */
export function send(
  url: string,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
