import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSnapshot, snapshotOf, tokenOf, writeSnapshot } from '../../../src/telemetry/cluster/snapshot.js';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { SCOPE } from '../../../src/telemetry/scope.js';
import { callsInto } from '../../support/sdk-metrics.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'redhook-snapshot-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('a snapshot is read as it was written, numbers without a notation in JSON too', () => {
  const internal = createInternalMetrics();
  const numbers = [1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  internal.gauge({
    name: 'g',
    description: '',
    unit: '',
    read: () => numbers.map((value, i) => ({ value, attributes: { i } })),
  });
  const path = join(folder(), 'snapshot');
  const scopes = [{ scope: SCOPE, metrics: internal.metrics() }];
  writeSnapshot(path, 42.5, snapshotOf(scopes));

  const { scopeMetrics } = readSnapshot(path);
  expect(scopeMetrics).toEqual(scopes);
  expect(scopeMetrics[0]?.scope).toBe(SCOPE);
  expect(readdirSync(join(path, '..'))).toEqual(['snapshot']);
});

test('its token can be read alone, and there is nothing to wait for without a snapshot', () => {
  const path = join(folder(), 'snapshot');
  expect(tokenOf(path)).toBe(Number.POSITIVE_INFINITY);
  writeSnapshot(path, 1795491583123.5, snapshotOf([]));

  expect(tokenOf(path)).toBe(1795491583123.5);
});

test('of calls only the exemplars are in it', () => {
  const red = createRed({ maxRoutes: 1, maxSeries: 1, exemplars: 'always_on' });
  callsInto(red)({ span: { traceId: 'a', spanId: 'b', traceFlags: 1 } });
  const { scopeMetrics, exemplars } = snapshotOf([{ scope: SCOPE, metrics: red.metrics() }]);

  expect(scopeMetrics[0]?.metrics.map(({ descriptor }) => descriptor.name)).toEqual(['redhook.red.overflow']);
  expect(exemplars).toMatchObject([
    { histogram: 'http.server.request.duration', exemplars: [{ traceId: 'a' }] },
  ]);
});
