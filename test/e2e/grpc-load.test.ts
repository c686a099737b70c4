/**
 * A thousand mixed gRPC calls, of all four kinds and with every ending. RED counts each of them exactly, on both sides
 * and with its status. The spans are exactly the sampled ones.
 */
import type * as Grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Collector, startCollector } from '../support/collector.js';
import { countBy, expectSpans, mix, SAMPLERS, scrapeCounted, sendAll, startUnder } from '../support/load.js';
import type { Sample } from '../support/metrics.js';
import { type Request, shop } from '../support/shop.js';

const SERVER = 'rpc_server_call_duration_seconds';
const CLIENT = 'rpc_client_call_duration_seconds';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

interface Kind extends Request {
  /** The status that the client sees. */
  seen: string;
  /** The status of each server call of the application. */
  served: string[];
  /** How the application reaches the server, if a call to the application asks it to make this one. */
  to?: 'own' | 'retrying' | 'refused' | 'reset' | 'closing' | 'passing';
}

const KINDS: Kind[] = [
  { method: 'Get', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'Sum', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'List', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'Chat', id: 'ok', seen: 'OK', served: ['OK'] },
  { method: 'Get', id: 'NOT_FOUND', seen: 'NOT_FOUND', served: ['NOT_FOUND'] },
  { method: 'Sum', id: 'INTERNAL', seen: 'INTERNAL', served: ['INTERNAL'] },
  { method: 'List', id: 'NOT_FOUND', seen: 'NOT_FOUND', served: ['NOT_FOUND'] },
  { method: 'Chat', id: 'INTERNAL', seen: 'INTERNAL', served: ['INTERNAL'] },
  { method: 'Missing', id: 'ok', seen: 'UNIMPLEMENTED', served: ['UNIMPLEMENTED'] },
  { method: 'Get', id: 'throw', seen: 'UNKNOWN', served: ['UNKNOWN'] },
  { method: 'List', id: 'throw', seen: 'UNKNOWN', served: ['UNKNOWN'] },
  { method: 'Get', id: 'again', seen: 'OK', served: ['OK'] },
  // The client of grpc-js turns a second message into this status, with or without Redhook.
  { method: 'Sum', id: 'twice', seen: 'UNIMPLEMENTED', served: ['OK'] },
  { method: 'Get', id: 'ok', size: 20_000, seen: 'RESOURCE_EXHAUSTED', served: ['RESOURCE_EXHAUSTED'] },
  { method: 'Chat', id: 'ok', size: 20_000, seen: 'RESOURCE_EXHAUSTED', served: ['RESOURCE_EXHAUSTED'] },
  { method: 'Get', id: 'silent', leaves: 'late', seen: 'DEADLINE_EXCEEDED', served: ['CANCELLED'] },
  { method: 'List', id: 'destroy', leaves: 'late', seen: 'DEADLINE_EXCEEDED', served: ['CANCELLED'] },
  { method: 'Sum', id: 'silent', leaves: 'before', seen: 'CANCELLED', served: ['CANCELLED'] },
  { method: 'List', id: 'open', leaves: 'during', seen: 'CANCELLED', served: ['CANCELLED'] },
  { method: 'Chat', id: 'open', leaves: 'during', seen: 'CANCELLED', served: ['CANCELLED'] },
  { method: 'List', id: 'open', leaves: 'cut', seen: 'UNAVAILABLE', served: ['CANCELLED'] },
];

const RELAYED: Kind[] = [
  ...KINDS.map((kind): Kind => ({ ...kind, to: 'own' })),
  { method: 'Get', id: 'third', to: 'retrying', seen: 'OK', served: ['UNAVAILABLE', 'UNAVAILABLE', 'OK'] },
  { method: 'Get', id: 'ok', to: 'refused', seen: 'UNAVAILABLE', served: [] },
  { method: 'Get', id: 'ok', to: 'closing', seen: 'UNAVAILABLE', served: [] },
  { method: 'List', id: 'goaway', to: 'passing', seen: 'OK', served: ['OK'] },
  { method: 'List', id: 'shutdown', to: 'passing', seen: 'CANCELLED', served: ['CANCELLED'] },
  // The server resets the stream with CANCEL (RFC 9113, section 7).
  { method: 'List', id: '8', to: 'reset', seen: 'CANCELLED', served: ['CANCELLED'] },
  // The server resets the stream with INTERNAL_ERROR.
  { method: 'List', id: '2', to: 'reset', seen: 'INTERNAL', served: ['UNKNOWN'] },
];

test.each(SAMPLERS)(
  'every call is counted, and the sampled ones are traced, with the sampler %s',
  async (sampler, isSampled) => {
    const app = await startUnder(sampler, 'grpc/load.cjs', collector);
    const port = Number(new URL(app.url).port);
    const client = shop.connect(port);
    const sent = mix([...KINDS, ...RELAYED]);
    const seen: string[] = [];

    await sendAll(sent, async ({ kind, traceparent }) => {
      seen.push(outcome(kind, await send(client, port, kind, traceparent)));
    });
    client.close();

    expect(countBy(seen)).toEqual(countBy(sent.map(({ kind }) => outcome(kind, kind.seen))));
    const served = sent.flatMap(({ kind }) => callsServed(kind));
    const made = sent.flatMap(({ kind }) => callsMade(kind));
    const samples = await scrapeCounted(app, SERVER, served.length);
    expect(counted(samples, SERVER)).toEqual(countBy(served));
    expect(counted(samples, CLIENT)).toEqual(countBy(made));
    expect(samples.filter(({ name }) => name.startsWith('http_'))).toEqual([]);

    const sampled = sent.filter(({ traceId }) => isSampled(traceId));
    await expectSpans(app, sampler, collector, [SERVER, CLIENT], {
      samples,
      sampled: sampled.flatMap(({ kind }) => [...callsServed(kind), ...callsMade(kind)]).length,
    });
  },
);

/** Makes the call, or has the application make it. Returns the status that its client saw. */
async function send(client: Grpc.Client, port: number, kind: Kind, traceparent: string): Promise<string> {
  const { seen: _, served: __, ...request } = kind;
  if (kind.to !== undefined)
    return (await shop.ask(client, { method: 'Get', id: JSON.stringify(request) }, { traceparent })).id;
  if (kind.leaves === 'cut') return (await shop.askAndCut(port, request, { traceparent })).status;
  return (await shop.ask(client, request, { traceparent })).status;
}

function outcome({ method, id, size, leaves, to }: Kind, status: string): string {
  return `${JSON.stringify({ method, id, size, leaves, to })}: ${status}`;
}

/** The server calls of one call of this kind, as method and status: itself, and the call that requests it. */
function callsServed({ method, served, to }: Kind): string[] {
  // With the server that resets streams no method is registered, and it answers none with OK.
  const name = method === 'Missing' || to === 'reset' ? '_OTHER' : `shop.Orders/${method}`;
  const calls = served.map((status) => `${name} ${status}`);
  return to === undefined ? calls : [...calls, 'shop.Orders/Get OK'];
}

/** The client calls that the application makes for one call of this kind. */
function callsMade({ method, seen, to }: Kind): string[] {
  return to === undefined ? [] : [`shop.Orders/${method} ${seen}`];
}

/**
 * The calls on the page, as method and status. At a deadline, the server's own timer and the reset by its client race:
 * both statuses count as one here.
 */
function counted(samples: Sample[], histogram: string): Map<string, number> {
  const late = histogram === SERVER ? 'DEADLINE_EXCEEDED' : undefined;
  return countBy(
    samples.filter(({ name }) => name === `${histogram}_count`),
    ({ labels: { rpc_method: method, rpc_status_code: status } }) =>
      `${method} ${status === late ? 'CANCELLED' : status}`,
    ({ value }) => value,
  );
}
