import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import { loadConfig } from '../../src/config/load.js';
import type { Attributes } from '../../src/instrumentation.js';
import { switchable } from '../../src/instrumentations/index.js';
import { HTTP_SERVER } from '../../src/semconv/http.js';
import { startTelemetry } from '../../src/telemetry/start-telemetry.js';

test('calls of the same series end with the same labels object', () => {
  const { config } = loadConfig(switchable, {
    env: { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
    cwd: tmpdir(),
  });
  const { observers } = startTelemetry(config, () => {});
  const spans = observers.findLast(({ start }) => start !== undefined);
  const labels: (Attributes | undefined)[] = [];
  const calls = createCalls({
    knownOperations: { [HTTP_SERVER.operation]: ['GET'] },
    observers: observers.map((observer) => ({
      ...observer,
      end(call) {
        if (observer === spans) labels.push(call.seriesAttributes);
        observer.end(call);
      },
    })),
  });

  for (let count = 0; count < 2; count += 1)
    calls
      .open({ kind: 'server', convention: HTTP_SERVER, operation: 'GET', attributes: {} })
      ?.end({ code: 200 });

  expect(labels[0]).toEqual({ 'http.request.method': 'GET', 'http.response.status_code': 200 });
  expect(new Set(labels).size).toBe(1);
});
