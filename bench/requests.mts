/** What a request costs: the same load on the same application with each agent, in rounds of random order. */
import type { Agent, App } from './agents.mts';
import { loadGrpc } from './load/grpc.mts';
import { loadHttp } from './load/http.mts';
import type { Services } from './services.mts';
import { quantile, shuffled } from './statistics.mts';
import { startTarget } from './target.mts';

export interface Sample {
  /** CPU time of the application's process per request, in microseconds. */
  readonly cpu: number;
  /** Resident memory before and after the load, in MB. */
  readonly idle: number;
  readonly loaded: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  /** Spans received for each call that should have made one. For dd-trace, traces received for each request. */
  readonly delivered: number;
}

interface Load {
  readonly warmUp: number;
  readonly count: number;
  /** The number of spans that one request makes. */
  readonly spans: number;
  run(port: number, count: number): Promise<Float64Array>;
}

const CONNECTIONS = 16;
const overHttp = (port: number, count: number) => loadHttp(port, count, CONNECTIONS);
const overGrpc = (port: number, count: number) => loadGrpc(port, count, CONNECTIONS);

const LOADS: Record<App, Load> = {
  http: { warmUp: 30_000, count: 60_000, spans: 1, run: overHttp },
  fastify: { warmUp: 30_000, count: 60_000, spans: 1, run: overHttp },
  express: { warmUp: 30_000, count: 60_000, spans: 1, run: overHttp },
  'express-pg': { warmUp: 10_000, count: 20_000, spans: 2, run: overHttp },
  fetch: { warmUp: 8_000, count: 16_000, spans: 2, run: overHttp },
  grpc: { warmUp: 20_000, count: 40_000, spans: 1, run: overGrpc },
};

/** Long enough for the warm-up's last spans to be exported, and for anything that starts lazily. */
const PAUSE_MS = 1_000;

export async function measureRequests(
  app: App,
  agents: readonly Agent[],
  rounds: number,
  services: Services,
): Promise<Map<Agent, Sample[]>> {
  const samples = new Map<Agent, Sample[]>(agents.map((agent) => [agent, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const agent of shuffled(agents)) {
      const sample = await measureOnce(app, agent, services);
      samples.get(agent)?.push(sample);
      console.error(`  ${app}, round ${round} of ${rounds}, ${agent.name}: ${sample.cpu.toFixed(1)} µs`);
    }
  }
  return samples;
}

async function measureOnce(
  app: App,
  agent: Agent,
  { sink, endpoints, upstreams }: Services,
): Promise<Sample> {
  const { warmUp, count, spans, run } = LOADS[app];
  const receivedBefore = await sink.received();
  const target = await startTarget(agent, app, endpoints, upstreams);
  await pause();
  const idle = target.rss();
  await awake(() => run(target.port, warmUp));
  await pause();
  const [cpuBefore, from] = [target.cpu(), performance.now()];
  const latencies = await awake(() => run(target.port, count));
  const seconds = (performance.now() - from) / 1_000;
  const cpu = (target.cpu() - cpuBefore) / count;
  const loaded = target.rss();
  await target.stop();
  const received = (await sink.received()) - receivedBefore;
  return {
    cpu,
    idle,
    loaded,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    perSecond: count / seconds,
    delivered: received / ((warmUp + count) * (agent.name === 'dd-trace' ? 1 : spans)),
  };
}

/**
 * Keeps this process from sleeping during `work`. Waking a sleeping peer takes an interrupt, which the sender pays for.
 * The slower an application is, the more often its peer sleeps, so that cost would be charged to its agent too.
 */
async function awake<T>(work: () => Promise<T>): Promise<T> {
  let working = true;
  const spin = (): void => {
    if (working) setImmediate(spin);
  };
  spin();
  try {
    return await work();
  } finally {
    working = false;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
}
