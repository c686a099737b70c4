/** Faults: one thing is broken while a load runs. To add one, add a row. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import net from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, REGISTER } from '../support/app.js';
import { createCertificate, hasOpenssl } from '../support/certificate.js';
import { type Answer, startCollector } from '../support/collector.js';
import type { Case, Scene, Surroundings } from './run-case.js';

const UNREACHABLE = /^redhook: traces: cannot reach /;
const SECOND_SDK =
  /^redhook: the application (?:starts an OpenTelemetry SDK of its own;|sets a propagator of its own,)/;
const ANY_FAULT = /^redhook: traces: /m;
const REJECTED = /^redhook: traces: \S+ rejects data /;

/** How long something stays broken, in milliseconds. */
const BROKEN_MS = 1_000;
/** How long at most until Redhook has said so. */
const LATEST_LINE_MS = 20_000;

/** Nothing is sent before the end. */
const AT_EXIT = { env: () => ({ OTEL_BSP_SCHEDULE_DELAY: '60000' }) };
const SMALL_QUEUE = { OTEL_BSP_MAX_QUEUE_SIZE: '128', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '32' };
const overHttp = ({ collector }: Surroundings) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.httpUrl,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
});

/** The collector answers like this for a while, and then as usual again. */
const answers =
  (answer: Answer, ms = BROKEN_MS): Case['during'] =>
  async ({ app, collector, isObserved }) => {
    const end = performance.now() + LATEST_LINE_MS;
    collector.answer(answer);
    await delay(ms);
    // Where much else runs, the first export may be late, and a batch that is divided takes several.
    while (isObserved && !ANY_FAULT.test(app.stderr()) && performance.now() < end) await delay(10);
    collector.answer({});
  };

/** The collector answers like this for ever. */
const alwaysAnswers =
  (answer: Answer): Case['before'] =>
  ({ collector }) =>
    collector.answer(answer);

const COLLECTOR: Case[] = [
  { name: 'nothing is broken', slow: 2 },
  {
    name: 'collector down',
    ours: { env: async () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }) },
    loss: 'counted',
    line: UNREACHABLE,
  },
  {
    name: 'collector down, queue full',
    requests: 200,
    ours: {
      env: async () => ({
        ...SMALL_QUEUE,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      }),
    },
    loss: 'counted',
    line: UNREACHABLE,
  },
  {
    name: 'collector stops and comes back',
    async during({ collector }) {
      await collector.close();
      await delay(BROKEN_MS);
    },
    async after({ collector, app }) {
      if (!app.stderr().includes('redhook')) return undefined;
      const returned = await startCollector({ port: collector.port });
      return async () => {
        collector.spans.push(...returned.spans);
        await returned.close();
      };
    },
    line: UNREACHABLE,
  },
  { name: 'collector slow', before: alwaysAnswers({ delayMs: 300 }), slow: 1 },
  {
    name: 'collector hangs',
    before: alwaysAnswers({ hang: true }),
    ours: { env: () => ({ OTEL_EXPORTER_OTLP_TIMEOUT: '300' }) },
    loss: 'counted',
    line: UNREACHABLE,
  },
  {
    name: 'collector hangs for a while',
    during: answers({ hang: true }, 2_500),
    ours: { env: () => ({ OTEL_EXPORTER_OTLP_TIMEOUT: '2000' }) },
    line: UNREACHABLE,
  },
  { name: 'collector answers UNAVAILABLE', during: answers({ grpcStatus: 14 }), line: UNREACHABLE },
  {
    name: 'collector answers 503',
    ours: { env: overHttp },
    during: answers({ httpStatus: 503 }),
    line: UNREACHABLE,
  },
  { name: 'collector rejects', during: answers({ grpcStatus: 3 }), loss: 'counted', line: REJECTED },
  {
    name: 'collector rejects, HTTP',
    ours: { env: overHttp },
    during: answers({ httpStatus: 400 }),
    loss: 'counted',
    line: REJECTED,
  },
  {
    name: 'collector throttles (RetryInfo)',
    during: answers({ grpcStatus: 8, retryDelayMs: 1_500 }),
    line: UNREACHABLE,
  },
  {
    name: 'collector throttles (Retry-After)',
    ours: { env: overHttp },
    during: answers({ httpStatus: 429, retryAfter: '2' }),
    line: UNREACHABLE,
  },
  {
    name: 'connection cut in mid-stream',
    ours: { env: async ({ collector }) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: await cutting(collector.port) }) },
    line: UNREACHABLE,
  },
  {
    name: 'TLS with an untrusted certificate',
    skip: hasOpenssl() ? undefined : 'openssl is missing',
    ...(hasOpenssl() && { collector: { tls: createCertificate() } }),
    loss: 'counted',
    line: UNREACHABLE,
  },
  {
    name: 'DNS fails',
    ours: { env: () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.invalid:4317' }) },
    loss: 'counted',
    line: UNREACHABLE,
  },
];

const AGENTS = {
  'auto-instrumentations-node': '@opentelemetry/auto-instrumentations-node/dist/register.cjs',
  'dd-trace': 'dd-trace/init.js',
};
/** What keeps the agents from looking around for what is not here. */
const agentEnv = (around: Surroundings) => ({
  ...overHttp(around),
  DD_TRACE_STARTUP_LOGS: 'false',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_NODE_RESOURCE_DETECTORS: 'none',
});

const PROCESS: Case[] = [
  {
    name: 'metrics port taken',
    async before({ metricsPort }) {
      const squatter = createServer((_, response) => response.writeHead(404).end()).listen(metricsPort);
      return () => squatter.closeAllConnections() ?? squatter.close();
    },
    line: /^redhook: .*port \d+/,
  },
  { name: 'clock jumps back, seen before us', preload: { before: 'clock.cjs' }, requests: 160 },
  { name: 'clock jumps back, seen after us', preload: { after: 'clock.cjs' }, requests: 160 },
  {
    name: 'heap of 24 MB, collector hangs',
    flags: ['--max-old-space-size=24'],
    requests: 300,
    before: alwaysAnswers({ hang: true }),
    during: ({ request }) => request('/do/fill'),
    ours: { env: () => ({ ...SMALL_QUEUE, OTEL_EXPORTER_OTLP_TIMEOUT: '300' }) },
    loss: 'counted',
    line: UNREACHABLE,
  },
  { name: 'event loop blocked for 5 s', during: ({ request }) => request('/do/block') },
  ...['propagator', 'processor', 'instrument'].map(
    (WHICH): Case => ({
      name: `${WHICH} of the application throws`,
      preload: { after: 'throwing-telemetry.cjs' },
      env: { WHICH },
      ...(WHICH === 'processor' && {
        line: /^redhook: the application starts an OpenTelemetry SDK of its own;/,
      }),
      ...(WHICH === 'instrument' && { line: /^redhook: metrics: some metrics are missing/ }),
    }),
  ),
  { name: '--frozen-intrinsics', flags: ['--frozen-intrinsics', '--no-warnings'] },
  { name: '--disallow-code-generation-from-strings', flags: ['--disallow-code-generation-from-strings'] },
  ...(['24', '26'] as const).flatMap((node): Case[] => [
    { name: `--permission, Node ${node}`, node, flags: permission(node), ours: AT_EXIT, loss: 'counted' },
    {
      name: `--permission --allow-worker, Node ${node}`,
      node,
      flags: [...permission(node), '--allow-worker'],
      ours: AT_EXIT,
    },
  ]),
  ...['javascript', 'http'].flatMap((FROZEN): Case[] => [
    {
      name: `prototypes of ${FROZEN} frozen before us`,
      env: { FROZEN },
      preload: { before: 'freeze.cjs' },
      // Only what publishes channels can be observed then, and gRPC.
      ...(FROZEN === 'http' && {
        spansOfWork: 3,
        line: /this instrumentation is off from now on/,
        faults: 2,
      }),
    },
    { name: `prototypes of ${FROZEN} frozen after us`, env: { FROZEN }, preload: { after: 'freeze.cjs' } },
  ]),
  { name: 'http patched before us', preload: { before: 'patch-http.cjs' } },
  { name: 'http patched after us', preload: { after: 'patch-http.cjs' } },
  ...Object.entries(AGENTS).flatMap(([name, file]): Case[] => {
    const path = resolve('bench/node_modules', file);
    const given = {
      skip: existsSync(path) ? undefined : 'npm ci --prefix bench',
      env: agentEnv,
      // Some of them keep a process alive that is to end by a signal.
      end: ({ request }: Scene) => request('/do/exit'),
    };
    const line = name !== 'dd-trace' && { line: SECOND_SDK, faults: 2 };
    return [
      { ...given, ...line, name: `${name} before us`, preload: { before: path } },
      { ...given, ...line, name: `${name} after us`, preload: { after: path } },
    ];
  }),
  {
    name: 'two Redhooks',
    ours: { flags: ['--require', join(REGISTER, '../autoinstrumentation/autoinstrumentation.js')] },
  },
];

export const FAULTS: readonly Case[] = [...COLLECTOR, ...PROCESS];

/** Node 26 also asks for the network. */
function permission(node: '24' | '26'): string[] {
  const flags = ['--permission', '--allow-fs-read=*', '--no-warnings'];
  return node === '26' ? [...flags, '--allow-net'] : flags;
}

/** The URL of a proxy that cuts the first connection in the middle of what it sends. The flush at exit tries once only. */
async function cutting(port: number): Promise<string> {
  const UNTIL = 3_000;
  let isFirst = true;
  const proxy = net.createServer((client) => {
    const target = net.connect(port, '127.0.0.1');
    const isCut = isFirst;
    isFirst = false;
    let seen = 0;
    client.on('data', (chunk) => {
      seen += chunk.length;
      if (isCut && seen > UNTIL) client.resetAndDestroy();
    });
    client.on('error', () => target.destroy()).on('close', () => target.destroy());
    target.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(target).pipe(client);
  });
  const url = await new Promise<string>((listening) =>
    proxy.listen(0, '127.0.0.1', () =>
      listening(`http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`),
    ),
  );
  proxy.unref();
  return url;
}
