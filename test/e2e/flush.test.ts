/** The flush at the end of a process, on every supported Node. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort, NODES } from '../support/app.js';
import { type Certificate, createCertificate, hasOpenssl } from '../support/certificate.js';
import { type Collector, startCollector } from '../support/collector.js';
import { otlp } from '../support/exporter.js';
import { startProxy } from '../support/proxy.js';
import type { ExitingApp } from './flush-app.js';

interface End {
  code: number | string | null | undefined;
  stdout: string;
  stderr: string;
  /** How long `flushSync` took, in milliseconds; absent if the process ended before it. */
  flushedInMs: number | undefined;
}

const LOST = '3 of the last 3 exports were lost at exit, with 25 spans';

const folder = mkdtempSync(join(tmpdir(), 'redhook-flush-'));
let collector: Collector;

beforeAll(async () => {
  await build({
    entryPoints: ['test/e2e/flush-app.ts', 'src/telemetry/otlp/flush-worker.ts'],
    outdir: folder,
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
  });
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(() => collector.close());

function run(
  node: string,
  app: Partial<ExitingApp>,
  flags: string[] = [],
  env: Record<string, string> = {},
  from = folder,
): Promise<End> {
  const settings: ExitingApp = {
    exporter: otlp(collector.url),
    spans: 25,
    end: 'exit',
    timeoutMs: 2_000,
    ...app,
  };
  const args = [...flags, join(from, 'flush-app.cjs'), JSON.stringify(settings)];
  return new Promise((resolve) => {
    execFile(node, args, { timeout: 20_000, env }, (error, stdout, stderr) => {
      const [, ms] = /^flushed in ([\d.]+) ms$/m.exec(stdout) ?? [];
      resolve({
        code: error?.code ?? error?.signal ?? 0,
        stdout,
        stderr,
        flushedInMs: ms === undefined ? undefined : Number(ms),
      });
    });
  });
}

describe.each(Object.entries(NODES))('Node %s', (_, node) => {
  test.each([
    ['when nothing is left to do', 'nothing', 0],
    ['on process.exit', 'exit', 7],
    ['on an uncaught exception', 'exception', 1],
    ['in a SIGTERM handler', 'signal', 143],
  ] as const)('delivers all spans %s', async (_how, end, code) => {
    const ended = await run(node, { end });
    expect(ended.code).toBe(code);
    expect(ended.flushedInMs).toBeDefined();
    expect(ended.stderr).not.toContain(LOST);
    expect(new Set(collector.spans.map(({ name }) => name)).size).toBe(25);
    expect(collector.spans).toHaveLength(25);
    if (end !== 'exception') expect(ended.stderr).toBe('');
  });

  test('ends at once when the connection is refused', async () => {
    const exporter = otlp(`http://127.0.0.1:${await freePort()}`);
    const { code, flushedInMs, stderr } = await run(node, { exporter, timeoutMs: 10_000 });
    expect(code).toBe(7);
    expect(flushedInMs).toBeLessThan(5_000);
    expect(stderr).toBe(`redhook: ${LOST}: ${exporter.endpoint} (ECONNREFUSED)\n`);
  });

  test('ends after the timeout when the collector hangs', async () => {
    collector.answer({ hang: true });
    const { code, flushedInMs, stderr } = await run(node, { timeoutMs: 500 });
    expect(code).toBe(7);
    expect(stderr).toContain(LOST);
    expect(flushedInMs).toBeLessThan(5_000);
  });

  test('is not kept alive by an export that hangs', async () => {
    collector.answer({ hang: true });
    const exporter = otlp(collector.url, { timeoutMs: 60_000 });
    const { code, stderr } = await run(node, { exporter, end: 'flight', timeoutMs: 300 });
    expect(code).toBe(0);
    expect(stderr).toContain(LOST);
  });
});

describe('on one Node', () => {
  test('is not kept alive by a connection that never opens', async () => {
    const hole = await blackHole();
    const exporter = otlp(`http://127.0.0.1:${hole.port}`, { timeoutMs: 60_000 });
    const { code, stderr } = await run(process.execPath, { exporter, end: 'flight', timeoutMs: 300 });
    hole.close();
    expect(code).toBe(0);
    expect(stderr).toContain(LOST);
  });

  test('stays alive while the application awaits shutdown', async () => {
    collector.answer({ delayMs: 300 });
    const { stdout, flushedInMs, stderr } = await run(process.execPath, { end: 'awaited', spans: 5 });
    expect(stdout).toContain('shut down');
    expect(collector.spans).toHaveLength(5);
    expect(flushedInMs).toBeDefined();
    expect(stderr).toBe('');
  });

  test.each(Object.entries(NODES))(
    'on Node %s, delivers from a file that only the fs of the main thread can read',
    async (_, node) => {
      const archive = mkdtempSync(join(tmpdir(), 'redhook-archive-'));
      copyFileSync(join(folder, 'flush-app.cjs'), join(archive, 'flush-app.cjs'));
      const preload = join(archive, 'virtual-fs.cjs');
      const [virtual, real] = [archive, folder].map((at) => JSON.stringify(join(at, 'flush-worker.cjs')));
      writeFileSync(
        preload,
        `const fs = require('node:fs');
        for (const name of ['existsSync', 'statSync', 'openSync', 'readFileSync']) {
          const original = fs[name];
          fs[name] = (path, ...rest) => original(path === ${virtual} ? ${real} : path, ...rest);
        }`,
      );
      const { code, stderr, flushedInMs } = await run(node, {}, ['--require', preload], {}, archive);
      rmSync(archive, { recursive: true });
      expect({ code, stderr }).toEqual({ code: 7, stderr: '' });
      expect(flushedInMs).toBeLessThan(1_000);
      expect(collector.spans).toHaveLength(25);
    },
  );

  test.each([
    [
      'the permission model allows worker threads',
      ['--permission', '--allow-worker', `--allow-fs-read=${folder}`],
    ],
    ['code from strings is forbidden', ['--disallow-code-generation-from-strings']],
    ['the prototypes of JavaScript are frozen', ['--frozen-intrinsics']],
  ])('delivers when %s', async (_, flags) => {
    const { code, stderr } = await run(process.execPath, {}, flags);
    expect(code).toBe(7);
    expect(stderr).not.toContain(LOST);
    expect(collector.spans).toHaveLength(25);
  });

  test('keeps the exit code and logs the loss when the permission model forbids worker threads', async () => {
    const { code, stderr } = await run(process.execPath, {}, ['--permission', `--allow-fs-read=${folder}`]);
    expect(code).toBe(7);
    expect(stderr).toContain(LOST);
  });

  test('delivers gzip-compressed requests over HTTP', async () => {
    const exporter = otlp(`${collector.httpUrl}/v1/traces`, {
      protocol: 'http/protobuf',
      compression: 'gzip',
    });
    const { stderr } = await run(process.execPath, { exporter });
    expect(stderr).toBe('');
    expect(collector.spans).toHaveLength(25);
  });
});

// Node 22.15 has no support for proxies.
test.each(Object.entries(NODES).filter(([version]) => version !== '22.15.0'))(
  'on Node %s, delivers through the proxy of the environment',
  async (_, node) => {
    const proxy = await startProxy(collector.httpPort);
    const exporter = otlp('http://collector.invalid/v1/traces', { protocol: 'http/protobuf' });
    const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url };
    const { stderr } = await run(node, { exporter }, [], env);
    await proxy.close();
    expect(stderr).not.toContain(LOST);
    expect(collector.spans).toHaveLength(25);
  },
);

test('is not kept alive by a proxy that does not answer', async () => {
  const proxy = await startProxy(collector.httpPort, { answer: 'nothing' });
  const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  for (const scheme of ['http', 'https']) {
    const endpoint = `${scheme}://collector.invalid/v1/traces`;
    const exporter = otlp(endpoint, { protocol: 'http/protobuf', timeoutMs: 60_000 });
    const startedAt = performance.now();
    const { code, stderr } = await run(NODES['24'], { exporter, end: 'flight', timeoutMs: 300 }, [], env);
    expect(code).toBe(0);
    expect(stderr).toContain(LOST);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  }
  await proxy.close();
});

describe.skipIf(!hasOpenssl())('over TLS (needs openssl)', () => {
  let certificate: Certificate;
  beforeAll(() => {
    certificate = createCertificate();
  });
  afterAll(() => certificate.remove());
  beforeEach(async () => {
    await collector.close();
    collector = await startCollector({ tls: certificate });
  });

  /** Node options, and variables, that make a process trust the collector. */
  const trusts: Record<string, (pem: string) => { flags?: string[]; env?: Record<string, string> }> = {
    NODE_EXTRA_CA_CERTS: (pem) => ({ env: { NODE_EXTRA_CA_CERTS: pem } }),
    'NODE_TLS_REJECT_UNAUTHORIZED=0': () => ({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }),
    '--use-system-ca': (pem) => ({ flags: ['--use-system-ca'], env: { SSL_CERT_FILE: pem } }),
    'NODE_OPTIONS=--use-system-ca': (pem) => ({
      env: { NODE_OPTIONS: '--use-system-ca', SSL_CERT_FILE: pem },
    }),
    '--use-openssl-ca': (pem) => ({ flags: ['--use-openssl-ca'], env: { SSL_CERT_FILE: pem } }),
    'NODE_OPTIONS=--use-openssl-ca': (pem) => ({
      env: { NODE_OPTIONS: '--use-openssl-ca', SSL_CERT_FILE: pem },
    }),
  };
  // The other versions do not know it yet.
  const newer: typeof trusts = {
    'NODE_USE_SYSTEM_CA=1': (pem) => ({ env: { NODE_USE_SYSTEM_CA: '1', SSL_CERT_FILE: pem } }),
    'tls.setDefaultCACertificates': (pem) => {
      const preload = join(folder, 'set-authorities.cjs');
      const pems = `[require('node:fs').readFileSync(${JSON.stringify(pem)}, 'utf8')]`;
      writeFileSync(preload, `require('node:tls').setDefaultCACertificates(${pems})`);
      return { flags: ['--require', preload] };
    },
  };
  const cases = Object.entries(NODES).flatMap(([version, node]) =>
    Object.entries({ ...trusts, ...(version !== '22.15.0' && newer) }).map(
      ([name, trust]) => [version, name, node, trust] as const,
    ),
  );

  test.each(cases)('on Node %s, trusts by %s as the process does', async (_version, _name, node, trust) => {
    const { flags, env } = trust(certificate.certFile);
    const { stderr } = await run(node, { timeoutMs: 10_000 }, flags, env);
    expect(stderr).not.toContain('lost at exit');
    expect(collector.spans).toHaveLength(25);
  });

  test.each(Object.entries(NODES))('on Node %s, trusts no more than the process does', async (_, node) => {
    const { stderr } = await run(node, { timeoutMs: 10_000 });
    expect(stderr).toContain(LOST);
    expect(collector.requests).toHaveLength(0);
  });

  test.each(Object.entries(NODES))('on Node %s, uses the TLS versions of the process', async (_, node) => {
    const env = { NODE_EXTRA_CA_CERTS: certificate.certFile };
    await run(node, { timeoutMs: 10_000 }, ['--tls-max-v1.2'], env);
    expect(collector.tlsVersions).toEqual(new Set(['TLSv1.2']));
  });

  test('runs no preload of the process', async () => {
    const [preload, runs] = [join(folder, 'preload.cjs'), join(folder, 'preload.txt')];
    writeFileSync(preload, `require('node:fs').appendFileSync(${JSON.stringify(runs)}, '.')`);
    const env = { NODE_OPTIONS: `--require ${preload}`, NODE_EXTRA_CA_CERTS: certificate.certFile };
    await run(process.execPath, {}, ['--require', preload], env);
    expect(collector.spans).toHaveLength(25);
    expect(readFileSync(runs, 'utf8')).toBe('.');
  });
});

/** A port that never accepts a connection, like one behind a firewall: its listener is stopped and its queue full. */
async function blackHole(): Promise<{ port: number; close(): void }> {
  const listen = `require('net').createServer().listen(0, '127.0.0.1', 1, function () { console.log(this.address().port) })`;
  const listener = spawn(process.execPath, ['-e', listen]);
  const [line] = await once(listener.stdout, 'data');
  const port = Number(line);
  listener.kill('SIGSTOP');
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  return {
    port,
    close() {
      for (const socket of fillers) socket.destroy();
      listener.kill('SIGKILL');
    },
  };
}
