/** Memory under continuous load. */
import { type Agent, bare, redhook } from './agents.mts';
import { loadHttp } from './load/http.mts';
import type { Services } from './services.mts';
import { median } from './statistics.mts';
import { startTarget } from './target.mts';

export interface Soak {
  readonly requests: number;
  /** The median resident memory of each minute, in MB. */
  readonly byMinute: readonly number[];
  /** Spans received for each request. */
  readonly delivered: number;
}

const REQUESTS_AT_A_TIME = 20_000;
const CONNECTIONS = 16;

/** With and without Redhook, because the memory of a bare application is not constant either. */
export async function measureSoak(minutes: number, services: Services): Promise<ReadonlyMap<Agent, Soak>> {
  const soaks = new Map<Agent, Soak>();
  for (const agent of [bare, redhook]) soaks.set(agent, await soak(agent, minutes, services));
  return soaks;
}

async function soak(agent: Agent, minutes: number, { sink, endpoints, upstreams }: Services): Promise<Soak> {
  const receivedBefore = await sink.received();
  const target = await startTarget(agent, 'http', endpoints, upstreams);
  const rss: number[][] = [];
  const from = performance.now();
  let requests = 0;
  for (let minute = 0; minute < minutes; minute = Math.floor((performance.now() - from) / 60_000)) {
    await loadHttp(target.port, REQUESTS_AT_A_TIME, CONNECTIONS);
    requests += REQUESTS_AT_A_TIME;
    rss[minute] = [...(rss[minute] ?? []), target.rss()];
  }
  await target.stop();
  const delivered = ((await sink.received()) - receivedBefore) / requests;
  return { requests, byMinute: rss.map(median), delivered };
}
