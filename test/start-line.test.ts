import { expect, test } from 'vitest';
import { loadConfig } from '../src/config/load.js';
import type { Instrumentation } from '../src/instrumentation.js';
import { startLine } from '../src/start-line.js';
import { version } from '../src/version.js';

const instrumentations = [
  'http-server',
  'http-client',
  'fetch',
  'queue-worker',
  'queue-client',
  'cache-client',
].map((name): Instrumentation => ({ name, observes: name, conventions: [], targets: [] }));
const ALL = 'instrumented=http,fetch,queue,cache-client';

function lineFor(env: Record<string, string>): string {
  const { config } = loadConfig(instrumentations, { env: { OTEL_SERVICE_NAME: 'orders', ...env }, cwd: '/' });
  return startLine(config, instrumentations);
}

test.each([
  [{}, `traces=otlp grpc http://localhost:4317 metrics=:9464/metrics on first use ${ALL}`],
  [
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://me:secret@c.example:4318',
      OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    },
    `traces=otlp http/protobuf https://c.example:4318/v1/traces metrics=otlp http/protobuf https://c.example:4318/v1/metrics,:9464/metrics on first use ${ALL}`,
  ],
  [
    {
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http-client',
    },
    'traces=none metrics=none instrumented=http-client',
  ],
  [
    {
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_NODE_DISABLED_INSTRUMENTATIONS:
        'http-server,http-client,fetch,queue-worker,queue-client,cache-client',
    },
    'traces=console metrics=:9464/metrics on first use instrumented=none',
  ],
])('the start line with the environment %o', (env, line) => {
  expect(lineFor(env)).toBe(`${version}: service=orders ${line}`);
});
