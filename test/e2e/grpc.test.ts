/** gRPC on both sides, in real processes: every Node of the matrix, CommonJS and ESM, exact counts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NODES, runApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';

const ROUNDS = 50;

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

const CASES = Object.entries(NODES).flatMap(([version, node]) =>
  ['cjs', 'mjs'].map((form) => ({ version, node, form })),
);

test.each(CASES)('Node $version, $form: one span on each side of each call, in one trace', async (given) => {
  const service = `grpc-${given.version}-${given.form}`;
  const app = runApp(`grpc/app.${given.form}`, {
    node: given.node,
    args: [String(ROUNDS)],
    env: {
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRICS_EXPORTER: 'none',
    },
  });
  expect(await app.ended).toEqual({ code: 0, signal: null });
  expect(app.stderr().trim().split('\n')).toEqual([expect.stringMatching(/ instrumented=\S*\bgrpc\b/)]);

  const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
  const counts: Record<string, number> = {};
  for (const { kind, name, attributes } of spans) {
    const key = `${kind} ${name} ${attributes['rpc.status_code']}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  expect(counts).toEqual({
    'CLIENT shop.Orders/Get OK': ROUNDS,
    'CLIENT shop.Orders/Get NOT_FOUND': ROUNDS,
    'CLIENT shop.Orders/Missing UNIMPLEMENTED': ROUNDS,
    'CLIENT shop.Orders/Sum OK': ROUNDS,
    'CLIENT shop.Orders/List OK': ROUNDS,
    'CLIENT shop.Orders/Chat OK': ROUNDS,
    'SERVER shop.Orders/Get OK': ROUNDS,
    'SERVER shop.Orders/Get NOT_FOUND': ROUNDS,
    'SERVER grpc UNIMPLEMENTED': ROUNDS,
    'SERVER shop.Orders/Sum OK': ROUNDS,
    'SERVER shop.Orders/List OK': ROUNDS,
    'SERVER shop.Orders/Chat OK': ROUNDS,
  });
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(6 * ROUNDS);
});
