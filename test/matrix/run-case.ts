/**
 * Runs one case of the matrix twice, bare and under the flag: the application serves a load, something breaks, and the
 * process ends. What differs between the two runs, and what is lost without being counted, is a problem.
 */
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type App, listening, NODES, REGISTER, runApp } from '../support/app.js';
import { type Collector, type CollectorOptions, startCollector } from '../support/collector.js';
import { type Sample, scrape, total } from '../support/metrics.js';

/** Applications and preloads of the matrix. */
const APPS = join(import.meta.dirname, '../apps/matrix');

const CLIENTS = 4;
/** Between two requests of a client, in milliseconds. */
const PAUSE = 10;
/** The spans of one `/work`: server, client and inner server, and both sides of the gRPC call. */
const SPANS_OF_WORK = { http: 3, grpc: 5 };
/** Of these, the servers of HTTP. */
const SERVED_OF_WORK = 2;
const MAX_EXTRA_MEGABYTES = 90;
/** A process that has not ended by then is killed, which is a problem. */
const MAX_MS = 120_000;
/** A response is closed a moment after its client has it. */
const SETTLE_MS = 60;

/** Where another agent looks for its own. */
const DATADOG_PORT = 8126;

/** What is around the application. */
export interface Surroundings {
  readonly collector: Collector;
  readonly metricsPort: number;
}

export interface Scene extends Surroundings {
  readonly app: App;
  /** Whether this is the run under the flag. */
  readonly isObserved: boolean;
  /** Makes a request that is one span. It has no answer if it ends the process. */
  request(path: string): Promise<unknown>;
}

type Variables = Record<string, string>;

export interface Case {
  readonly name: string;
  readonly node?: keyof typeof NODES;
  /** Why it cannot run here. */
  readonly skip?: string | undefined;
  /** Flags of Node. Those of `ours`, and its variables, are for the run under the flag alone. */
  readonly flags?: readonly string[];
  readonly env?: Variables | ((around: Surroundings) => Variables);
  readonly ours?: {
    readonly flags?: readonly string[];
    readonly env?: (around: Surroundings) => Variables | Promise<Variables>;
  };
  /** Preloads before and after Redhook. */
  readonly preload?: { readonly before?: string; readonly after?: string };
  /** False where `@grpc/grpc-js` itself does not work. */
  readonly grpc?: boolean;
  readonly collector?: CollectorOptions;
  /** How many requests of the load there are at least. */
  readonly requests?: number;
  /** How many more are being served when the process ends. */
  readonly slow?: number;
  /** Breaks something before the application starts. May return what undoes it. */
  readonly before?: ((around: Surroundings) => unknown) | undefined;
  /** Breaks something while the load runs, which goes on until this is done. */
  readonly during?: ((scene: Scene) => unknown) | undefined;
  /** After the load. May return what undoes it. */
  readonly after?: (scene: Scene) => unknown;
  /** Ends the process; by SIGTERM if absent. */
  readonly end?: (scene: Scene) => unknown;
  /** How many spans one `/work` makes, where not all of it can be observed. */
  readonly spansOfWork?: number;
  /** What may be lost: by default nothing; else what Redhook counts, or what nothing can count any more. */
  readonly loss?: 'counted' | 'uncounted';
  /** The one line that Redhook prints about the fault, or about each of its `faults`. Without it, there must be none. */
  readonly line?: RegExp;
  readonly faults?: number;
}

export interface Row {
  readonly name: string;
  readonly skipped?: string;
  readonly sent: number;
  readonly served: number;
  readonly bareEnd: string;
  readonly end: string;
  readonly made: number;
  readonly delivered: number;
  readonly counted: number;
  readonly bareMegabytes: number;
  readonly megabytes: number;
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

interface Run {
  readonly sent: number;
  readonly served: number;
  /** Requests besides the load. */
  readonly others: number;
  /** The metrics page before the end, if it is served, and how many requests had ended by then. */
  readonly page: Sample[] | undefined;
  readonly ended: number;
  readonly end: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly megabytes: number;
}

export async function runCase(given: Case): Promise<Row> {
  if (given.skip !== undefined) return { ...NOTHING, name: given.name, skipped: given.skip };
  const collector = await startCollector(given.collector);
  const around = { collector, metricsPort: await listeningPort() };
  // What a case does to its surroundings while the application runs bare must not reach the other run.
  const aside = { collector: await startCollector(), metricsPort: around.metricsPort };
  const undo = await given.before?.(around);
  try {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(around.metricsPort),
      OTEL_BSP_SCHEDULE_DELAY: '200',
      // Nothing is lost for want of time, unless that is the case.
      ...(given.loss === undefined && { REDHOOK_CONFIG_FILE: join(APPS, 'patient.yaml') }),
      ...(await given.ours?.env?.(around)),
    };
    const flags = ['--require', REGISTER, ...(given.ours?.flags ?? [])];
    const [bare, ours] = await Promise.all([run(given, aside), run(given, around, flags, env)]);
    return rowOf(given, bare, ours, collector);
  } catch (error) {
    return { ...NOTHING, name: given.name, problems: [`it did not run: ${String(error)}`] };
  } finally {
    if (typeof undo === 'function') await undo();
    await aside.collector.close();
    await collector.close();
  }
}

const NOTHING: Omit<Row, 'name'> = {
  sent: 0,
  served: 0,
  bareEnd: '',
  end: '',
  made: 0,
  delivered: 0,
  counted: 0,
  bareMegabytes: 0,
  megabytes: 0,
  lines: [],
  problems: [],
};

async function run(
  { node = '24', flags = [], preload = {}, env, grpc = true, ...given }: Case,
  around: Surroundings,
  ourFlags: readonly string[] = [],
  ourEnv: Variables = {},
): Promise<Run> {
  const app = runApp(join(APPS, 'app.cjs'), {
    node: NODES[node],
    flags: [...flags, ...required(preload.before), ...ourFlags, ...required(preload.after)],
    env: { ...(!grpc && { NO_GRPC: '1' }), ...ourEnv, ...(typeof env === 'function' ? env(around) : env) },
    input: true,
  });
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    app.signal('SIGKILL');
  }, MAX_MS);
  const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  const undos: (() => unknown)[] = [];
  let others = 0;
  try {
    await listening(given.name, app);
    const scene: Scene = {
      ...around,
      app,
      isObserved: ourFlags.length > 0,
      request(path) {
        others += 1;
        return get(app.url + path);
      },
    };
    const load = await sendLoad(`${app.url}/work`, agent, given.requests ?? 60, () => given.during?.(scene));
    const undo = await given.after?.(scene);
    if (typeof undo === 'function') undos.push(undo as () => unknown);
    for (let i = 0; i < (given.slow ?? 0); i += 1) {
      others += 1;
      await begins(`${app.url}/slow`);
    }
    agent.destroy();
    await delay(SETTLE_MS);
    if (!isAlive(app.pid)) throw new Error(`ended too early: ${app.stderr()}`);
    const megabytes = peakMegabytes(app.pid);
    const page = await scrape(around.metricsPort).catch(() => undefined);
    const ended = SERVED_OF_WORK * load.served + others - (given.slow ?? 0);
    await (given.end ?? (() => app.signal('SIGTERM')))(scene);
    const { code, signal } = await app.ended;
    if (isLate) throw new Error('the process did not end');
    return {
      ...load,
      others,
      page,
      ended,
      end: String(code ?? signal),
      stdout: normal(app.stdout()),
      stderr: app.stderr(),
      megabytes,
    };
  } catch (error) {
    throw isLate ? new Error(`not finished after ${MAX_MS} ms`) : error;
  } finally {
    clearTimeout(limit);
    agent.destroy();
    await app.stop();
    for (const undo of undos) await undo();
  }
}

function required(file: string | undefined): string[] {
  return file === undefined ? [] : ['--require', resolve(APPS, file)];
}

/** Sends requests until there are `least` of them and `meanwhile`, which starts after a third, is done. */
async function sendLoad(
  url: string,
  agent: http.Agent,
  least: number,
  meanwhile: () => unknown,
): Promise<{ sent: number; served: number }> {
  let sent = 0;
  let served = 0;
  let isBusy = true;
  const busy = (async () => {
    while (sent < least / 3) await delay(5);
    await meanwhile();
  })().finally(() => {
    isBusy = false;
  });
  const client = async (): Promise<void> => {
    while (isBusy || sent < least) {
      sent += 1;
      if ((await get(url, agent)) === '200 inner') served += 1;
      await delay(PAUSE);
    }
  };
  await Promise.all([busy, ...Array.from({ length: CLIENTS }, client)]);
  return { sent, served };
}

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** The status and body of an answer, or what went wrong. */
function get(url: string, agent: http.Agent | false = false): Promise<string> {
  return new Promise((resolve) => {
    http
      .get(url, { agent, headers: { traceparent: TRACEPARENT } }, (response) => {
        let text = `${response.statusCode} `;
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(text)).on('error', (error) => resolve(error.message));
      })
      .on('error', (error) => resolve(error.message));
  });
}

/** Resolves when the answer begins. */
function begins(url: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent: false }, (response) => resolve(response.resume().on('error', () => {})))
      .on('error', reject);
  });
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/status`);
}

function peakMegabytes(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** Lines that are the same in every case: what has started, and what could not be sent at the end. */
const START = /^redhook \d/;
const CUT_OFF = /\(not finished after \d+ ms\)/;
const RECOVERED = / is reachable again$/;
const LOST_AT_EXIT = /were lost at exit(?:, with (\d+) spans)?/;

function rowOf(given: Case, bare: Run, ours: Run, collector: Collector): Row {
  // What another agent sends, and the spans that it makes, are none of the load.
  const agentPorts = [DATADOG_PORT, collector.port, collector.httpPort];
  const spans = collector.spans.filter(
    ({ resource, scope, attributes }) =>
      resource['telemetry.distro.name'] === 'redhook' &&
      scope.name === 'redhook' &&
      !agentPorts.includes(Number(attributes['server.port'])),
  );
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const spansOfWork = given.spansOfWork ?? SPANS_OF_WORK[given.grpc === false ? 'http' : 'grpc'];
  const made = ours.served * spansOfWork + ours.others;
  const said = ours.stderr.split('\n').filter((line) => line.startsWith('redhook'));
  const atExit = Number(LOST_AT_EXIT.exec(ours.stderr)?.[1] ?? 0);
  const counted = total(ours.page ?? [], 'redhook_spans_dropped_total') + atExit;
  const lines = said.filter((line) => ![START, RECOVERED, LOST_AT_EXIT].some((usual) => usual.test(line)));
  const row = {
    name: given.name,
    sent: ours.sent,
    served: ours.served,
    bareEnd: bare.end,
    end: ours.end,
    made,
    delivered: ids.size,
    counted,
    bareMegabytes: bare.megabytes,
    megabytes: ours.megabytes,
    lines,
  };

  const problems: string[] = [];
  const check = (isRight: boolean, problem: string): void => {
    if (!isRight) problems.push(problem);
  };
  check(ours.served === ours.sent, `served ${ours.served} of ${ours.sent} requests`);
  check(bare.served === bare.sent, `bare, served ${bare.served} of ${bare.sent} requests`);
  check(ours.end === bare.end, `ended by ${ours.end}, bare by ${bare.end}`);
  check(
    ours.stdout === bare.stdout,
    `stdout ${JSON.stringify(ours.stdout)}, bare ${JSON.stringify(bare.stdout)}`,
  );
  const [own, bareOwn] = [ours, bare].map(({ stderr }) => ownLines(stderr));
  check(own === bareOwn, `stderr ${JSON.stringify(own)}, bare ${JSON.stringify(bareOwn)}`);
  // What was on its way when the time was up may have arrived, and nobody has said so.
  const known = CUT_OFF.test(ours.stderr) ? ids.size + counted >= made : ids.size + counted === made;
  check(
    ids.size <= made && (known || given.loss === 'uncounted'),
    `${made} spans made, ${ids.size} delivered, ${counted} counted as lost`,
  );
  if (given.loss === undefined) check(counted === 0, `${counted} spans lost`);
  check(
    spans.every(({ startTime, endTime }) => endTime >= startTime),
    'a span ends before it starts',
  );
  if (ours.page !== undefined && given.spansOfWork === undefined) {
    const red = total(ours.page, 'http_server_request_duration_seconds_count');
    check(red === ours.ended, `${ours.ended} requests ended, ${red} in the histogram`);
  }
  check(
    ours.megabytes - bare.megabytes <= MAX_EXTRA_MEGABYTES,
    `${ours.megabytes} MB, bare ${bare.megabytes} MB`,
  );
  const { line, faults = line === undefined ? 0 : 1 } = given;
  const isRight = lines.length === faults && lines.every((each) => line?.test(each));
  check(isRight, `expected ${line ?? 'no line'}, got ${JSON.stringify(lines)}`);
  return { ...row, problems };
}

/** Frames that may differ: the call in which a handler runs, and Node's around an AsyncLocalStorage. */
const FRAMES = / {4}at .*(start\.cjs|AsyncLocalStorage\.run|runInAsyncScope|callbackTrampoline).*\n/g;

const STACKS_OF_ABORT = /----- Native stack trace -----.*/s;

/** What the application itself has written to stderr. */
function ownLines(stderr: string): string {
  return normal(
    stderr
      .replace(/^redhook.*\n/gm, '')
      .replace(FRAMES, '')
      .replace(STACKS_OF_ABORT, ''),
  );
}

/** Without ports and process ids. */
function normal(text: string): string {
  return text.replaceAll(/\d{3,}/g, '0');
}

/** A free port that no client is given for a connection: Linux takes those from 32768 on. */
async function listeningPort(): Promise<number> {
  const port = 12_000 + Math.floor(Math.random() * 8_000);
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => resolve(true));
  });
  await new Promise((closed) => server.close(closed));
  return isFree ? port : listeningPort();
}
