import { expect, test } from 'vitest';
import { createCalls } from '../../../../src/calls/calls.js';
import { createGuard } from '../../../../src/hooks/guard.js';
import { observeCoreMetrics } from '../../../../src/instrumentations/temporal/worker/core-metrics.js';

interface Options {
  telemetryOptions?: { logging?: object; metrics?: { prometheus?: { bindAddress: string } } };
}

/** Creates an observed runtime whose creation with metrics fails `taken` times. */
function observed(taken = 0, options: { readers?: boolean } = {}) {
  const created: Options[] = [];
  const pages: string[] = [];
  const Runtime = {
    create(given: Options, instantiator: string) {
      if (given.telemetryOptions?.metrics?.prometheus !== undefined && taken > 0) {
        taken -= 1;
        throw new Error('Address already in use');
      }
      created.push(given);
      return instantiator;
    },
  };
  const addScrapedPage = (url: string): void => void pages.push(url);
  const calls = createCalls({
    observers: [],
    knownOperations: {},
    ...(options.readers !== false && { addScrapedPage }),
  });
  observeCoreMetrics(Runtime, calls, createGuard('test'));
  return { Runtime, created, pages };
}

test('the core serves its metrics on loopback, and the page is registered for scraping', () => {
  const { Runtime, created, pages } = observed();
  const given = { telemetryOptions: { logging: {} } };

  expect(Runtime.create(given, 'install')).toBe('install');

  const address = created[0]?.telemetryOptions?.metrics?.prometheus?.bindAddress;
  expect(address).toMatch(/^127\.0\.0\.1:6[1-5]\d{3}$/);
  expect(pages).toEqual([`http://${address}/metrics`]);
  expect(given).toEqual({ telemetryOptions: { logging: {} } });
});

test('a taken port is retried, and after the last attempt the runtime is created without metrics', () => {
  const some = observed(2);
  some.Runtime.create({}, 'install');
  expect(some.pages).toHaveLength(1);

  const all = observed(3);
  all.Runtime.create({}, 'install');
  expect(all.created).toEqual([{}]);
  expect(all.pages).toEqual([]);
});

test('an application with its own exporter keeps it, and without a metric reader nothing is served', () => {
  const own = { telemetryOptions: { metrics: { prometheus: { bindAddress: '0.0.0.0:9000' } } } };
  for (const [{ Runtime, created, pages }, options] of [
    [observed(), own],
    [observed(0, { readers: false }), {}],
  ] as const) {
    Runtime.create(options, 'install');
    expect(created).toEqual([options]);
    expect(pages).toEqual([]);
  }
});
