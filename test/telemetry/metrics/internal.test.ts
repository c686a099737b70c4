import { DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { SCOPE } from '../../../src/telemetry/scope.js';

test('a counter adds up each combination of attributes in its own series', async () => {
  const internal = createInternalMetrics();
  const dropped = internal.counter('redhook.spans.dropped', 'Spans that were not delivered.', '{span}');
  dropped.add(2, { reason: 'queue' });
  dropped.add(0, { reason: 'export' });
  dropped.add(3, { reason: 'queue' });

  const { resourceMetrics, errors } = await internal.producer.collect();

  expect(errors).toEqual([]);
  expect(resourceMetrics.scopeMetrics).toEqual([
    {
      scope: SCOPE,
      metrics: [
        expect.objectContaining({
          descriptor: expect.objectContaining({ name: 'redhook.spans.dropped', unit: '{span}' }),
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: [
            expect.objectContaining({ attributes: { reason: 'queue' }, value: 5 }),
            expect.objectContaining({ attributes: { reason: 'export' }, value: 0 }),
          ],
        }),
      ],
    },
  ]);
});

test('a gauge reads its value at each collection', () => {
  const internal = createInternalMetrics();
  let size = 1;
  internal.gauge({
    name: 'redhook.queue.size',
    description: 'Spans that wait.',
    unit: '{span}',
    read: () => [{ value: size, attributes: {} }],
  });
  const read = (): unknown => internal.metrics()[0]?.dataPoints[0]?.value;

  expect(read()).toBe(1);
  size = 7;
  expect(read()).toBe(7);
});

test('a series keeps one frozen copy of its attributes', () => {
  const internal = createInternalMetrics();
  const attributes = { reason: 'queue' };
  const counter = internal.counter('c', '', '');
  counter.add(1, attributes);
  attributes.reason = 'changed';
  const point = (): unknown => internal.metrics()[0]?.dataPoints[0]?.attributes;

  expect(point()).toEqual({ reason: 'queue' });
  expect(point()).toBe(point());
  expect(point()).toSatisfy(Object.isFrozen);
});
