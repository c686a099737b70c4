import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { createCalls } from '../../../src/calls/calls.js';
import type { CallStart } from '../../../src/instrumentation.js';
import { MESSAGING_CLIENT, MESSAGING_PROCESS } from '../../../src/semconv/messaging.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';

function start(maxSeries = 100) {
  const red = createRed({ maxRoutes: 100, maxSeries, exemplars: 'always_off' });
  const calls = createCalls({ observers: [red.observer], knownOperations: {} });
  const open = (type: string, more: Partial<CallStart> = {}) =>
    calls.open({
      kind: 'client',
      convention: MESSAGING_CLIENT,
      operation: type,
      route: 'orders',
      attributes: { 'messaging.system': 'kafka', 'messaging.operation.type': type },
      ...more,
    });
  const counted = () =>
    Object.fromEntries(
      red
        .metrics()
        .filter(({ descriptor }) => descriptor.name.endsWith('.messages'))
        .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.map(({ value }) => value)]),
    );
  return { red, open, counted };
}

test('messages are counted as sent or consumed, with the labels of the calls that carry them', () => {
  const { red, open, counted } = start();
  open('send', { messages: 3 })?.end({});
  open('send')?.end({});
  open('send', { messages: 2 })?.end({ error: 'kaput' });
  open('receive', { messages: 0 })?.end({ messages: 5 });
  open('receive', { messages: 0 })?.end({ error: 'kaput' });
  open('process', { convention: MESSAGING_PROCESS, kind: 'consumer' })?.end({});
  open('settle')?.end({});

  expect(counted()).toEqual({
    'messaging.client.sent.messages': [4, 2],
    'messaging.client.consumed.messages': [5, 0, 1],
  });
  const sent = red.metrics().find(({ descriptor }) => descriptor.name === 'messaging.client.sent.messages');
  expect(sent).toMatchObject({
    descriptor: { unit: '{message}' },
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  });
  expect(sent?.dataPoints.map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'kaput']);
  expect(sent?.dataPoints[0]?.attributes).toMatchObject({
    'messaging.system': 'kafka',
    'messaging.destination.name': 'orders',
  });
});

test('they are as few as the series of the calls', () => {
  const { open, counted } = start(2);
  for (const route of ['a', 'b', 'c', 'd']) open('send', { route })?.end({});
  expect(counted()).toEqual({ 'messaging.client.sent.messages': [1, 1, 2] });
});
