/**
 * Everything at once that goes wrong in production: a saturated pool, pipelined requests, ten thousand series, a
 * receiver that is slow, small, failing and restarted, and hostile clients. With and without Redhook.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Agent, bare, type Endpoints, redhook } from './agents.mts';
import type { Services } from './services.mts';
import { HOSTILE, type Ports } from './stress/hostile.mts';
import { type Mode, type Received, TRACE_PREFIX } from './stress/messages.mts';
import { startTarget, type Target } from './target.mts';

/** One thing that must hold. */
export interface Check {
  readonly name: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

const CALLERS = 20;
const PIPELINES = 2;
const PIPELINE_DEPTH = 8;
const HOSTILE_AT_ONCE = 4;
const SERIES = 11_400;
const WARM_UP_SECONDS = 15;
const MEMORY_SAMPLES = 12;
/** The last one is for the spans that still wait. */
const MODES: readonly Mode[] = ['well', 'slow', 'small', 'failing', 'down', 'well'];
const SETTLED_WITHIN_MS = 60_000;
const MEGABYTE = 1024 * 1024;
/** The limit of many proxies. */
const MAX_REQUEST = MEGABYTE;
/** Less than 20 bytes for each request. */
const MAX_GROWTH = 2 * MEGABYTE;
/** The buffers in which spans are encoded are kept for later ones, up to 1 MB. */
const MAX_BUFFER_GROWTH = 3 * MEGABYTE;
/** Without the instruments of the application. Clients can only make series of labels that are bounded. */
const MAX_PAGE = MEGABYTE;

const settings = (endpoints: Endpoints): Record<string, string> => ({
  ...redhook.env(endpoints),
  OTEL_METRICS_EXPORTER: 'otlp,prometheus',
  OTEL_METRIC_EXPORT_INTERVAL: '10000',
  OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
  OTEL_BSP_SCHEDULE_DELAY: '1000',
  OTEL_TRACES_SAMPLER: 'always_on',
});

interface Run {
  /** After the warm-up, and when all is quiet again. */
  readonly memory: readonly [Memory, Memory];
  readonly callers: Load;
  readonly pipelined: number;
  readonly hostile: number;
  readonly received: Received;
  /** Absent without Redhook. */
  readonly page?: Page;
}

/** The heap after garbage collection, and the buffers outside of it, in bytes. */
type Memory = readonly [heap: number, buffers: number];

interface Load {
  answered: number;
  failed: number;
  /** Calls of the application that left in the trace of another request. */
  wrongTraces: number;
}

interface Page {
  /** The size without the instruments of the application. */
  readonly bytes: number;
  readonly made: number;
  /** By reason. */
  readonly dropped: ReadonlyMap<string, number>;
}

export async function measureStress(seconds: number, services: Services): Promise<readonly Check[]> {
  const without = await run(bare, seconds, services);
  const withRedhook = await run({ ...redhook, env: settings }, seconds, services);
  return checksOf(without, withRedhook);
}

async function run(agent: Agent, seconds: number, { endpoints }: Services): Promise<Run> {
  const receiver = await startReceiver();
  const callers: Load = { answered: 0, failed: 0, wrongTraces: 0 };
  const upstream = await startUpstream(callers);
  const flags = ['--expose-gc', ...agent.flags];
  const ends = { ...endpoints, otlp: receiver.port };
  const target = await startTarget({ ...agent, flags, variant: 'stress' }, 'http', ends, {
    http: upstream.url,
    postgres: undefined,
  });
  const ports: Ports = { http: target.port, http2: Number(await ask(target, '/http2-port')) };
  const hasPage = agent.traces;

  const pipelines = Array.from({ length: PIPELINES }, () => openPipeline(target.port));
  const [hostile, warm] = await underLoad(ports, callers, async () => {
    await delay(WARM_UP_SECONDS * 1_000);
    const memory = await memoryOf(target);
    for (const mode of MODES) {
      await receiver.be(mode);
      await delay((seconds * 1_000) / MODES.length);
      if (hasPage && mode === 'small') await untilAllSeriesArrived(receiver);
    }
    return memory;
  });
  for (const each of pipelines) each.stop();
  // Before the memory is measured, which makes requests of its own.
  const page = hasPage ? await settledPage(ends.metrics, receiver) : undefined;
  const received = await receiver.report();
  const memory = [warm, await memoryOf(target)] as const;
  for (const each of pipelines) each.close();
  await target.stop();
  receiver.stop();
  upstream.stop();
  const pipelined = pipelines.reduce((sum, { answers }) => sum + answers(), 0);
  return { memory, callers, pipelined, hostile, received, ...(page && { page }) };
}

/** Runs `work` while all other clients send. Resolves to the number of hostile ones when they have stopped. */
async function underLoad<T>(ports: Ports, callers: Load, work: () => Promise<T>): Promise<[number, T]> {
  let isOver = false;
  let hostile = 0;
  const kinds = Object.values(HOSTILE);
  const loops: (() => Promise<void>)[] = [
    ...Array(CALLERS).fill(() => call(ports.http, callers)),
    ...Array(HOSTILE_AT_ONCE).fill(async () => {
      const kind = kinds[hostile % kinds.length];
      hostile += 1;
      await kind?.(ports);
    }),
  ];
  const all = loops.map(async (once) => {
    while (!isOver) await once();
  });
  const result = await work();
  isOver = true;
  await Promise.all(all);
  return [hostile, result];
}

/** A request with a trace of its own, in which the application makes a call. */
async function call(port: number, load: Load): Promise<void> {
  const random = () =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  const span = random() + random();
  const traceparent = `00-${TRACE_PREFIX}${random()}${span}-${span}-01`;
  try {
    const response = await fetch(`http://127.0.0.1:${port}/call`, { headers: { traceparent } });
    await response.text();
    if (response.ok) load.answered += 1;
    else load.failed += 1;
  } catch {
    load.failed += 1;
  }
}

interface Pipeline {
  answers(): number;
  stop(): void;
  /** Until then the connection stays open: what it holds counts. */
  close(): void;
}

/** Sends requests on one connection, a few at a time. */
function openPipeline(port: number): Pipeline {
  const socket = connect(port, '127.0.0.1');
  let answers = 0;
  let isStopped = false;
  const next = () => {
    if (!isStopped) socket.write('GET /plain HTTP/1.1\r\nHost: shop\r\n\r\n'.repeat(PIPELINE_DEPTH));
  };
  socket.on('connect', next).on('error', () => {});
  socket.on('data', (data) => {
    answers += data.toString('latin1').split('HTTP/1.1 200').length - 1;
    if (answers % PIPELINE_DEPTH === 0) setTimeout(next, 10);
  });
  return {
    answers: () => answers,
    stop() {
      isStopped = true;
    },
    close: () => void socket.destroy(),
  };
}

/** The service behind the application. It sees in which trace a call arrives, and in which one it should. */
async function startUpstream(load: Load): Promise<{ url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const { traceparent, 'x-trace': expected } = request.headers;
    const isChecked = traceparent !== undefined && String(expected).startsWith(TRACE_PREFIX);
    if (isChecked && String(traceparent).split('-')[1] !== expected) load.wrongTraces += 1;
    setTimeout(() => response.end('17'), 2);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Receiver {
  readonly port: number;
  be(mode: Mode): Promise<void>;
  report(): Promise<Received>;
  stop(): void;
}

async function startReceiver(): Promise<Receiver> {
  const child = fork(resolve('bench/stress/receiver.mts'));
  const [port] = await once(child, 'message');
  const tell = async (message: Mode | 'report'): Promise<Received> => {
    const answer = once(child, 'message');
    child.send(message);
    return (await answer)[0];
  };
  return {
    port,
    be: async (mode) => void (await tell(mode)),
    report: () => tell('report'),
    stop: () => void child.kill('SIGKILL'),
  };
}

async function ask({ port }: Target, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

/** The least of more seconds than there are between two pushes: one under way holds a copy of all series. */
async function memoryOf(target: Target): Promise<Memory> {
  const samples: Memory[] = [];
  while (samples.length < MEMORY_SAMPLES) {
    samples.push(JSON.parse(await ask(target, '/memory')));
    await delay(1_000);
  }
  return [Math.min(...samples.map(([heap]) => heap)), Math.min(...samples.map(([, buffers]) => buffers))];
}

/** On a busy machine a push may take longer than the mode lasts. */
async function untilAllSeriesArrived(receiver: Receiver): Promise<void> {
  const end = performance.now() + SETTLED_WITHIN_MS;
  while ((await receiver.report()).seriesWhileSmall < SERIES && performance.now() < end) await delay(1_000);
}

/** The page once every span is either received or dropped, or after a while. */
async function settledPage(port: number, receiver: Receiver): Promise<Page> {
  const end = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const page = pageOf(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    const { spans } = await receiver.report();
    if (spans + total(page.dropped) === page.made || performance.now() > end) return page;
    await delay(1_000);
  }
}

function pageOf(text: string): Page {
  const lines = text.split('\n').filter((line) => !/^(# \w+ )?stress_/.test(line));
  const dropped = new Map<string, number>();
  let made = 0;
  for (const line of lines) {
    const value = Number(line.slice(line.lastIndexOf(' ')));
    if (/^(?:http|rpc)_\w+_duration_seconds_count\{/.test(line)) made += value;
    const [, reason] = /^redhook_spans_dropped_total\{.*reason="(\w+)"/.exec(line) ?? [];
    if (reason !== undefined) dropped.set(reason, value);
  }
  return { bytes: lines.join('\n').length, made, dropped };
}

function total(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0);
}

function checksOf(without: Run, { memory, callers, pipelined, hostile, received, page }: Run): Check[] {
  if (page === undefined) throw new Error('a run with Redhook has no page');
  const mb = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(2)} MB`;
  const growth = (name: string, of: 0 | 1, most: number): Check => {
    const [from, to] = [memory[0][of], memory[1][of]];
    const [bareFrom, bareTo] = [without.memory[0][of], without.memory[1][of]];
    const added = to - from - Math.max(0, bareTo - bareFrom);
    return {
      name: `growth of ${name} beyond that of the bare application`,
      wanted: `<= ${mb(most)}`,
      found: `${mb(added)}: from ${mb(from)} to ${mb(to)}, bare from ${mb(bareFrom)} to ${mb(bareTo)}`,
      isMet: added <= most,
    };
  };
  const drops = [...page.dropped].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const lost = page.made - received.spans - total(page.dropped);
  return [
    {
      name: 'requests of well-behaved clients that failed',
      wanted: '0',
      found: `${callers.failed} of ${callers.answered + callers.failed}, and ${pipelined} pipelined ones were answered`,
      isMet: callers.failed === 0 && callers.answered > 0 && pipelined > 0,
    },
    {
      name: 'kinds of hostile clients',
      wanted: '>= 24',
      found: `${Object.keys(HOSTILE).length}, ${hostile} clients`,
      isMet: Object.keys(HOSTILE).length >= 24 && hostile >= Object.keys(HOSTILE).length,
    },
    {
      name: 'calls in the trace of another request',
      wanted: '0',
      found: String(callers.wrongTraces),
      isMet: callers.wrongTraces === 0,
    },
    {
      name: 'spans with a wrong parent',
      wanted: '0',
      found: `${received.wrongParents} of ${received.wrongParents + received.rightParents}`,
      isMet: received.wrongParents === 0 && received.rightParents > 0,
    },
    {
      name: 'spans made, but neither received nor counted as dropped',
      wanted: '0',
      found: `${lost} of ${page.made}: ${received.spans} received, ${received.again} of them again; dropped: ${drops || 'none'}`,
      isMet: lost === 0 && page.made > 0,
    },
    {
      name: 'spans lost to the limit of the receiver',
      wanted: '0',
      found: String(page.dropped.get('rejected') ?? 0),
      isMet: !page.dropped.has('rejected'),
    },
    {
      name: 'series of the application that arrived by push',
      wanted: String(SERIES),
      found: `${received.series}, and ${received.seriesWhileSmall} while the receiver had its limit`,
      isMet: received.series === SERIES && received.seriesWhileSmall === SERIES,
    },
    {
      name: 'the largest request that the receiver took',
      wanted: `<= ${MAX_REQUEST} bytes`,
      found: String(received.largestRequest),
      isMet: received.largestRequest <= MAX_REQUEST,
    },
    growth('the heap', 0, MAX_GROWTH),
    growth('buffers', 1, MAX_BUFFER_GROWTH),
    {
      name: 'the metrics page, without the instruments of the application',
      wanted: `<= ${mb(MAX_PAGE)}`,
      found: mb(page.bytes),
      isMet: page.bytes <= MAX_PAGE,
    },
  ];
}
