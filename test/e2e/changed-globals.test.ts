/** An application may change what everybody in the process shares; nothing of ours throws into it, or reads the change. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppOptions, NODES, runApp } from '../support/app.js';
import { type Collector, startCollector } from '../support/collector.js';

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

async function run(options: AppOptions) {
  const app = runApp('changed-globals.cjs', options);
  const end = await app.ended;
  return { end, stdout: app.stdout(), stderr: app.stderr() };
}

describe.each(Object.entries(NODES))('Node %s', (version, node) => {
  test.each(['iterator', 'prototype', 'names', 'timers'])(
    'the application sees no difference (%s)',
    async (mode) => {
      const service = `${version} ${mode}`;
      const env = {
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOG_LEVEL: 'none',
      };
      const [bare, ours] = await Promise.all([
        run({ node, args: [mode], flags: [] }),
        run({ node, args: [mode], env }),
      ]);

      expect(bare.end).toEqual({ code: 0, signal: null });
      expect(ours).toEqual(bare);
      const spans = collector.spans.filter(({ resource }) => resource['service.name'] === service);
      expect(spans).toHaveLength(mode === 'iterator' ? 0 : 2);
      for (const { attributes } of spans) expect(Object.hasOwn(attributes, 'extra')).toBe(false);
    },
  );
});
