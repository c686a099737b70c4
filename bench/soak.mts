/** Memory under load that does not end. */
import { redhook } from './agents.mts';
import { loadHttp } from './load/http.mts';
import type { Services } from './services.mts';
import { median } from './statistics.mts';
import { startTarget } from './target.mts';

export interface Soak {
  readonly requests: number;
  /** Resident memory, in MB: the median of each minute. */
  readonly byMinute: readonly number[];
  /** Spans received for each request. */
  readonly delivered: number;
}

const REQUESTS_AT_A_TIME = 20_000;
const CONNECTIONS = 16;

export async function soak(minutes: number, { sink, endpoints, upstream }: Services): Promise<Soak> {
  const receivedBefore = await sink.received();
  const target = await startTarget(redhook, 'http', endpoints, upstream);
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
