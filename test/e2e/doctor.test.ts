/** `redhook doctor` names the cause of each of these faults. Every one is really there. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, NODES, REGISTER } from '../support/app.js';
import { type Certificate, createCertificate } from '../support/certificate.js';
import { type Collector, startCollector } from '../support/collector.js';

const ROOT = resolve(import.meta.dirname, '../..');
const CLI = join(dirname(REGISTER), 'cli.cjs');
const MODULES = join(ROOT, 'node_modules');
const OLD_NODE = join(ROOT, 'test/nodes/node_modules/node12/bin/node');
const NODE = NODES['24'];
const FLAG = ['--import', REGISTER];

const SERVER = `require('node:http').createServer((_, r) => r.end()).listen(0, '127.0.0.1');\n`;
const SERVER_MODULE = `import http from 'node:http';\nhttp.createServer((_, r) => r.end()).listen(0, '127.0.0.1');\n`;

let folder: string;
let collector: Collector;
let secure: Collector;
let refusing: Collector;
let certificate: Certificate;
let webServer: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'redhook-doctor-test-'));
  certificate = createCertificate();
  [collector, secure, refusing] = await Promise.all([
    startCollector(),
    startCollector({ tls: certificate }),
    startCollector(),
  ]);
  refusing.answer({ grpcStatus: 16 });
  webServer = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<html>welcome</html>');
  }).listen(0);
});

afterAll(async () => {
  await Promise.all([collector?.close(), secure?.close(), refusing?.close()]);
  webServer?.close();
  certificate?.remove();
  rmSync(folder, { recursive: true, force: true });
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `redhook doctor` beside a collector that works and on a free port, unless the environment says otherwise. */
async function doctor(args: string[], env: Record<string, string> = {}, cwd = folder): Promise<Result> {
  const all = {
    PATH: process.env['PATH'] ?? '',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_PROMETHEUS_PORT: String(await freePort()),
    ...env,
  };
  return new Promise((done) => {
    execFile(NODE, [CLI, 'doctor', ...args], { cwd, env: all }, (error, stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

/** An application of these files, in a folder of its own. */
function app(name: string, files: Record<string, string>): string {
  const own = join(folder, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(own, file)), { recursive: true });
    writeFileSync(join(own, file), text);
  }
  return own;
}

function server(name: string, before = ''): string {
  return join(app(name, { 'app.cjs': before + SERVER }), 'app.cjs');
}

/** A real package, installed beside an application, under another version if one is given. */
function install(own: string, name: string, version?: string): void {
  const to = join(own, 'node_modules', name);
  cpSync(join(MODULES, name), to, { recursive: true });
  if (version === undefined) return;
  const file = join(to, 'package.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }));
}

interface Fault {
  /** The arguments of `redhook doctor`. */
  args: () => string[];
  env?: () => Record<string, string>;
  cwd?: () => string;
  /** What it says, and what to do about it. */
  says: RegExp;
  fix?: RegExp;
  code: 0 | 1;
}

const started = (name: string, before = ''): string[] => ['--', NODE, ...FLAG, server(name, before)];

const FAULTS: Record<string, Fault> = {
  'the collector is down': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }),
    says: /ERROR\s+traces: http:\/\/127\.0\.0\.1:1 \(grpc\) cannot be reached: ECONNREFUSED/,
    fix: /start the collector, or set OTEL_EXPORTER_OTLP_ENDPOINT/,
    code: 1,
  },
  'gRPC to a port of OTLP over HTTP': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpUrl }),
    says: /ERROR\s+traces: .*this port does not speak gRPC/,
    fix: /OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/,
    code: 1,
  },
  'OTLP over HTTP to a port of gRPC': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }),
    says: /ERROR\s+traces: .*this port speaks HTTP\/2 only/,
    fix: /OTEL_EXPORTER_OTLP_PROTOCOL=grpc/,
    code: 1,
  },
  'an authority that is not trusted': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: secure.url }),
    says: /ERROR\s+traces: https:.* cannot be reached: self-signed certificate/,
    fix: /OTEL_EXPORTER_OTLP_CERTIFICATE/,
    code: 1,
  },
  'no TLS to a port of TLS': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: secure.url.replace('https', 'http') }),
    says: /ERROR\s+traces: http:.* cannot be reached/,
    fix: /use https:\/\/ instead of http:\/\//,
    code: 1,
  },
  'no credentials': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: refusing.url }),
    says: /ERROR\s+traces: .* refuses: UNAUTHENTICATED/,
    fix: /OTEL_EXPORTER_OTLP_HEADERS/,
    code: 1,
  },
  'a web server in the place of a collector': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${portOf(webServer)}/v1/traces` }),
    says: /ERROR\s+traces: .* refuses: HTTP 200 with a web page/,
    fix: /check the endpoint/,
    code: 1,
  },
  'the port of the page is taken': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_PROMETHEUS_PORT: String(portOf(webServer)) }),
    says: /ERROR\s+port \d+ of the metrics page is taken/,
    fix: /OTEL_EXPORTER_PROMETHEUS_PORT/,
    code: 1,
  },
  'the port of the page is taken while the application runs': {
    args: () => started('port'),
    env: () => ({ OTEL_EXPORTER_PROMETHEUS_PORT: String(portOf(webServer)) }),
    says: /ERROR\s+port \d+ of the metrics page is taken/,
    fix: /OTEL_EXPORTER_PROMETHEUS_PORT/,
    code: 1,
  },
  'a file that does not exist': {
    args: () => ['nowhere.yaml'],
    says: /ERROR\s+nowhere\.yaml: found no readable file \(ENOENT\)/,
    code: 1,
  },
  'a broken file': {
    args: () => ['otel-autoconf.yaml'],
    cwd: () => app('broken', { 'otel-autoconf.yaml': 'traces: [' }),
    says: /ERROR\s+otel-autoconf\.yaml:1:\d+: found a YAML error/,
    code: 1,
  },
  'a misspelt variable': {
    args: () => [],
    env: () => ({ OTEL_EXPORTER_OTLP_ENDPONT: 'http://c:4317' }),
    says: /WARNING\s+OTEL_EXPORTER_OTLP_ENDPONT: found an unknown variable/,
    fix: /did you mean OTEL_EXPORTER_OTLP_ENDPOINT\?/,
    code: 0,
  },
  'a sampler that is off': {
    args: () => [],
    env: () => ({ OTEL_TRACES_SAMPLER: 'always_off' }),
    says: /WARNING\s+no trace is recorded: the sampler is always_off \(OTEL_TRACES_SAMPLER\)/,
    fix: /OTEL_TRACES_SAMPLER=parentbased_always_on/,
    code: 0,
  },
  'no exporters': {
    args: () => [],
    env: () => ({ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }),
    says: /WARNING\s+no span is recorded: traces have no exporter \(OTEL_TRACES_EXPORTER\)[\s\S]+no metrics are exported/,
    code: 0,
  },
  'metrics are only pushed': {
    args: () => [],
    env: () => ({ OTEL_METRICS_EXPORTER: 'otlp' }),
    says: /note\s+there is no page to scrape: metrics are only pushed \(OTEL_METRICS_EXPORTER\)/,
    fix: /OTEL_METRICS_EXPORTER=otlp,prometheus/,
    code: 0,
  },
  OTEL_SDK_DISABLED: {
    args: () => started('disabled'),
    env: () => ({ OTEL_SDK_DISABLED: 'true' }),
    says: /ERROR\s+OTEL_SDK_DISABLED=true turns Redhook off/,
    fix: /unset OTEL_SDK_DISABLED/,
    code: 1,
  },
  'no flag': {
    args: () => ['--as-is', '--', NODE, server('flagless')],
    says: /ERROR\s+Redhook was not loaded in the application/,
    fix: /node --import redhook\/register/,
    code: 1,
  },
  'NODE_OPTIONS in the wrong process': {
    args: () => ['--', 'sh', '-c', `NODE_OPTIONS= ${NODE} ${server('launched')}; true`],
    says: /ERROR\s+process \d+ \(\S+node \S+app\.cjs\) runs without Redhook: NODE_OPTIONS does not reach it/,
    code: 1,
  },
  'a launcher that does not pass the environment on': {
    args: () => {
      const own = app('launcher', { 'app.cjs': SERVER });
      const file = join(own, 'launcher.cjs');
      writeFileSync(file, `require('child_process').fork('${own}/app.cjs', { env: {} });`);
      return ['--for', '2s', '--', NODE, ...FLAG, file];
    },
    says: /ERROR\s+process \d+ \(.*app\.cjs\) runs without Redhook/,
    code: 1,
  },
  'an old Node': {
    args: () => ['--', OLD_NODE, server('old')],
    says: /ERROR\s+Node 12\.22\.12 is older than 22\.15: Redhook does not start in it/,
    fix: /run the application with Node 22\.15 or later/,
    code: 1,
  },
  'an application that never listens': {
    args: () => [
      '--for',
      '1s',
      '--',
      NODE,
      ...FLAG,
      join(app('idle', { 'app.cjs': 'setInterval(() => {}, 1e6);' }), 'app.cjs'),
    ],
    says: /WARNING\s+the application has not listened on a port within 1 s/,
    fix: /--for 60s/,
    code: 0,
  },
  'an application that fails': {
    args: () => [
      '--',
      NODE,
      ...FLAG,
      join(app('failing', { 'app.cjs': 'throw new Error("no database");' }), 'app.cjs'),
    ],
    says: /ERROR\s+the application ended with code 1 \(.*no database/,
    code: 1,
  },
  'a flag that names no file': {
    args: () => ['--', NODE, '--import', 'redhook/register', server('unresolved')],
    says: /ERROR\s+the application ended with code 1 \(.*Cannot find package 'redhook'/,
    code: 1,
  },
  'an application in a worker thread': {
    args: () => ['--', NODE, ...FLAG, join(ROOT, 'test/apps/worker.cjs'), '--for', '1s'],
    says: /note\s+1 worker thread runs: worker threads are observed with worker_threads: true alone/,
    code: 0,
  },
  'another SDK': {
    args: () => ['--', NODE, ...FLAG, join(ROOT, 'test/apps/own-sdk.cjs')],
    says: /WARNING\s+the application also loads @opentelemetry\/sdk-trace \d[\s\S]+starts an OpenTelemetry SDK of its own/,
    fix: /remove one of the two/,
    code: 0,
  },
  'another agent': {
    args: () => {
      const own = app('agent', {
        'node_modules/dd-trace/package.json': '{"name":"dd-trace","version":"6.21.0"}',
        'node_modules/dd-trace/index.js': '',
        'app.cjs': `require('dd-trace');${SERVER}`,
      });
      return ['--', NODE, ...FLAG, join(own, 'app.cjs')];
    },
    says: /WARNING\s+the application also loads dd-trace 6\.21\.0, the agent of Datadog/,
    code: 0,
  },
  'a metric that two make': {
    args: () => {
      const own = app('twice', {
        'app.cjs': `
          const { metrics } = require('${MODULES}/@opentelemetry/api');
          metrics.getMeter('theirs').createHistogram('http.server.request.duration', { unit: 's' }).record(1);
          const server = require('node:http').createServer((_, r) => r.end()).listen(0, '127.0.0.1', () =>
            fetch('http://127.0.0.1:' + server.address().port));`,
      });
      return ['--', NODE, ...FLAG, join(own, 'app.cjs')];
    },
    says: /WARNING\s+http_server_request_duration_seconds is on the page twice, made by .*theirs/,
    code: 0,
  },
  'a library that was loaded before': {
    args: () => {
      const own = app('early', { 'first.cjs': `require('${MODULES}/pg');`, 'app.cjs': SERVER });
      return ['--', NODE, '--require', join(own, 'first.cjs'), ...FLAG, join(own, 'app.cjs')];
    },
    says: /WARNING\s+pg 8\S+ may be observed in part: it was loaded before Redhook/,
    fix: /load Redhook first/,
    code: 0,
  },
  'a library of ES modules that was loaded before': {
    args: () => {
      const own = app('early-module', {
        'app.mjs': `import 'h3';\nawait import('${REGISTER}');\n${SERVER_MODULE}`,
      });
      install(own, 'h3');
      for (const needed of ['rou3', 'srvx']) install(own, needed);
      return ['--as-is', '--', NODE, join(own, 'app.mjs')];
    },
    says: /ERROR\s+h3 2\S+ is not observed: it was loaded before Redhook/,
    fix: /load Redhook first/,
    code: 1,
  },
  'an instrumentation that a variable turns off': {
    args: () => started('off', `require('${MODULES}/pg');`),
    env: () => ({ OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'pg' }),
    says: /WARNING\s+pg is off \(OTEL_NODE_DISABLED_INSTRUMENTATIONS\), and the application uses pg 8/,
    code: 0,
  },
  'a version that is not supported': {
    args: () => {
      const own = app('version', { 'app.cjs': `require('koa');${SERVER}` });
      install(own, 'koa', '1.7.1');
      return ['--', NODE, ...FLAG, join(own, 'app.cjs')];
    },
    env: () => ({ NODE_PATH: MODULES }),
    says: /ERROR\s+koa 1\.7\.1 is not observed: it is observed in the versions \^2/,
    fix: /install one of these versions of koa/,
    code: 1,
  },
  'two copies': {
    args: () => {
      const own = app('copies', { 'app.cjs': `require('pg'); require('${MODULES}/pg');${SERVER}` });
      install(own, 'pg');
      return ['--', NODE, ...FLAG, join(own, 'app.cjs')];
    },
    env: () => ({ NODE_PATH: MODULES }),
    says: /note\s+there are 2 copies of pg: 8\S+ in \S+, 8\S+ in /,
    fix: /npm ls pg/,
    code: 0,
  },
  'an application in one file': {
    args: () => {
      const own = app('bundle', { 'app.cjs': `require('${MODULES}/pg');${SERVER}` });
      buildSync({
        entryPoints: [join(own, 'app.cjs')],
        bundle: true,
        platform: 'node',
        outfile: join(own, 'bundle.cjs'),
        external: ['pg-native'],
      });
      return ['--', NODE, ...FLAG, join(own, 'bundle.cjs')];
    },
    says: /WARNING\s+\S+bundle\.cjs is bundled into one file: pg cannot be observed there/,
    fix: /--external:pg/,
    code: 0,
  },
};

describe.concurrent('the cause is named:', () => {
  test.each(Object.entries(FAULTS))('%s', async (_, { args, env, cwd, says, fix, code }) => {
    const result = await doctor(args(), env?.(), cwd?.());
    expect(result.stdout + result.stderr).toMatch(says);
    if (fix !== undefined) expect(result.stdout).toMatch(fix);
    expect(result.code).toBe(code);
  });
});

test('where all is well it says so, and the test span has arrived', async () => {
  const { code, stdout } = await doctor(started('well', `require('${MODULES}/pg');`), {
    OTEL_SERVICE_NAME: 'well',
  });
  expect(stdout).toMatch(/ok\s+Redhook was loaded by --import \S+register\.cjs/);
  expect(stdout).toMatch(/ok\s+the metrics page is at http:\/\/127\.0\.0\.1:\d+\/metrics/);
  expect(stdout).toMatch(/ok\s+pg 8\S+ is observed/);
  expect(stdout).toMatch(/All is well\.\n$/);
  expect(code).toBe(0);
  const [, traceId] = /trace ([0-9a-f]{32})/.exec(stdout) ?? [];
  const span = collector.spans.find((each) => each.traceId === traceId);
  expect(span).toMatchObject({ name: 'redhook doctor', resource: { 'service.name': 'well' } });
});

test('what it has started is ended, and nothing of it stays', async () => {
  const own = app('stubborn', {
    'app.cjs': `process.on('SIGTERM', () => {}); require('fs').writeFileSync('${folder}/pid', String(process.pid)); ${SERVER}`,
  });
  await doctor(['--', 'sh', '-c', `${NODE} ${own}/app.cjs; true`]);
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await expect.poll(() => isAlive(pid)).toBe(false);
});

/** What has ended stays in the table of processes until its parent has asked for its end. */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('--json has findings, values with their origin, and the libraries', async () => {
  const { stdout } = await doctor(['--json', ...started('json', `require('${MODULES}/pg');`)]);
  const { findings, configuration, instrumentations } = JSON.parse(stdout);
  expect(findings).toContainEqual({
    check: 'libraries',
    severity: 'ok',
    message: expect.stringMatching(/^pg 8/),
  });
  expect(configuration).toContainEqual({ keys: ['log_level'], value: 'info', origin: 'default' });
  expect(instrumentations).toContainEqual({
    name: 'pg',
    isOn: true,
    copies: [expect.objectContaining({ name: 'pg', isObserved: true, isEarly: false })],
  });
});

test.each([
  [['--'], 'there is no command after --; see `redhook help doctor`'],
  [['--for', 'soon'], '--for takes a duration such as 10s, and not "soon"; see `redhook help doctor`'],
  [
    ['--', '/nowhere/app'],
    'cannot start "/nowhere/app" (spawn /nowhere/app ENOENT); see `redhook help doctor`',
  ],
])('%j is a wrong command line', async (args, line) => {
  expect(await doctor(args)).toEqual({ code: 2, stdout: '', stderr: `redhook: ${line}\n` });
});
