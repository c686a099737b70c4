/** Applications behind loaders, on every Node: packages are observed however Node loads them. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NODES, REGISTER, runApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';
import { countBy } from '../support/load.js';

const APPS = join(import.meta.dirname, '../apps');
const ROUNDS = 3;

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

const CASES = Object.entries(NODES).flatMap(([version, node]) =>
  ['asynchronous', 'synchronous'].flatMap((loader) =>
    ['cjs', 'mjs'].map((form) => ({ version, node, loader, form })),
  ),
);

test.each(CASES)(
  'Node $version, $form: grpc-js is observed behind a loader that is $loader',
  async (given) => {
    const service = Object.values(given).join(' ');
    const loader = join(APPS, `${given.loader}-loader.mjs`);
    const app = runApp(`grpc/app.${given.form}`, {
      node: given.node,
      flags: ['--no-deprecation', '--import', REGISTER, '--import', loader],
      args: [String(ROUNDS)],
      env: {
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_METRICS_EXPORTER: 'none',
      },
    });
    expect(await app.ended).toEqual({ code: 0, signal: null });

    const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
    // Only what observes grpc-js itself names a method of its client that no server has, and counts its messages.
    expect(countBy(spans, ({ kind, name }) => `${kind} ${name}`)).toEqual(
      new Map([
        ['CLIENT shop.Orders/Chat', ROUNDS],
        ['CLIENT shop.Orders/Get', 2 * ROUNDS],
        ['CLIENT shop.Orders/List', ROUNDS],
        ['CLIENT shop.Orders/Missing', ROUNDS],
        ['CLIENT shop.Orders/Sum', ROUNDS],
        ['SERVER grpc', ROUNDS],
        ['SERVER shop.Orders/Chat', ROUNDS],
        ['SERVER shop.Orders/Get', 2 * ROUNDS],
        ['SERVER shop.Orders/List', ROUNDS],
        ['SERVER shop.Orders/Sum', ROUNDS],
      ]),
    );
  },
);
