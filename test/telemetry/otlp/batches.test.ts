import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { Batches } from '../../../src/telemetry/otlp/batches.js';

const spans = (...names: string[]) => names.map((name) => ({ name }) as ReadableSpan);

test('keeps its spans in order when a batch is divided', () => {
  const batches = new Batches();
  batches.add(spans('a', 'b', 'c'));
  const second = batches.add(spans('d', 'e', 'f'));
  batches.add(spans('g'));
  second.attempts = 2;

  const first = batches.split(second, 2);

  expect(first).toMatchObject({ spans: spans('d', 'e'), attempts: 2 });
  expect(batches.spans).toEqual(spans('a', 'b', 'c', 'd', 'e', 'f', 'g'));
  batches.remove(first);
  expect(batches.spans).toEqual(spans('a', 'b', 'c', 'f', 'g'));
  expect(batches.size).toBe(5);
});

test('finds the batch that is due and the one that was tried least, oldest first', () => {
  const batches = new Batches();
  expect([batches.due(0), batches.leastTried, batches.dueAt]).toEqual([undefined, undefined, Infinity]);
  const [first, second, third] = ['a', 'b', 'c'].map((name) => batches.add(spans(name)));
  Object.assign(first ?? {}, { attempts: 3, dueAt: 10 });
  Object.assign(second ?? {}, { attempts: 1, dueAt: 30 });
  Object.assign(third ?? {}, { attempts: 1, dueAt: 20 });
  expect(batches.due(5)).toBe(undefined);
  expect(batches.due(25)).toBe(first);
  expect(batches.leastTried).toBe(second);
  expect(batches.dueAt).toBe(10);
});
