import { expect, test } from 'vitest';
import { labelled } from '../../../src/telemetry/cluster/worker-label.js';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { SCOPE } from '../../../src/telemetry/scope.js';

test('gauges say whose they are, and other metrics do not', () => {
  const internal = createInternalMetrics();
  internal.counter('c', '', '').add(1);
  const read = () => [
    { value: 1, attributes: { pool: 'a' } },
    { value: 2, attributes: { worker: 'own' } },
  ];
  internal.gauge({ name: 'g', description: '', unit: '', read });

  const [scope] = labelled([{ scope: SCOPE, metrics: internal.metrics() }], '3');
  const attributes = scope?.metrics.map(({ dataPoints }) => dataPoints.map((point) => point.attributes));
  expect(attributes).toEqual([
    [{}],
    [
      { worker: '3', pool: 'a' },
      { worker: '3', exported_worker: 'own' },
    ],
  ]);
});
