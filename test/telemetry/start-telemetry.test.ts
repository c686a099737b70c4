import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import { loadConfig } from '../../src/config/load.js';
import type { Attributes } from '../../src/instrumentation.js';
import { switchable } from '../../src/instrumentations/index.js';
import { log } from '../../src/log.js';
import { HTTP_SERVER } from '../../src/semconv/http.js';
import { startTelemetry } from '../../src/telemetry/start-telemetry.js';

afterEach(() => vi.restoreAllMocks());

const SURROUNDINGS = {
  arm() {},
  announce() {},
  describe: () => ({ values: [], instrumentations: [] }),
};

test('calls of the same series end with the same labels object', () => {
  const { config } = loadConfig(switchable, {
    env: { OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
    cwd: tmpdir(),
  });
  const { observers } = startTelemetry({ current: config }, SURROUNDINGS);
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

test('a fault while the page opens does not reach the application that listens', async () => {
  const { config } = loadConfig(switchable, {
    env: { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_PROMETHEUS_PORT: '0' },
    cwd: tmpdir(),
  });
  startTelemetry({ current: config }, SURROUNDINGS);
  const logged = vi.spyOn(log, 'error').mockReturnValue();
  vi.spyOn(globalThis, 'setImmediate').mockReturnValueOnce(undefined as never);
  const uncaught = vi.fn();
  process.once('uncaughtException', uncaught);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await new Promise(process.nextTick);
  server.close();
  process.off('uncaughtException', uncaught);

  expect(uncaught).not.toHaveBeenCalled();
  expect(logged).toHaveBeenCalledWith(expect.stringContaining('there is no page'));
});
