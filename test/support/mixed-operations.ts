/** Many operations of several kinds at once, and the calls that each must be, found by the trace that it ran in. */
import { expect } from 'vitest';
import type { Recorder } from './recorder.js';
import { inTrace, newTraceId } from './trace.js';

/** The calls of an operation, sorted, each with its error or `ok` (`GET ok`), and what runs it. */
export type Kind = readonly [calls: string[], run: () => Promise<unknown>];

/** The calls by the ids of their traces. */
export type CallsByTrace = Map<string, string[]>;

/** Starts operations of all kinds in turn, each in a trace of its own, until they are to be 1,000 calls. */
export function startMixed(kinds: readonly Kind[]): { expected: CallsByTrace; requests: Promise<unknown>[] } {
  const expected: CallsByTrace = new Map();
  const requests: Promise<unknown>[] = [];
  for (let i = 0, operations = 0; operations < 1_000; i += 1) {
    const id = newTraceId();
    const [calls, run] = kinds[i % kinds.length] as Kind;
    expected.set(id, calls);
    operations += calls.length;
    requests.push(inTrace(id, run));
  }
  return { expected, requests };
}

/** Checks that each trace has its calls and no others. */
export async function expectCalls(recorder: Recorder, expected: CallsByTrace): Promise<void> {
  const total = [...expected.values()].flat().length;
  const byTrace = Object.groupBy(await recorder.take(total), ({ traceId = '' }) => traceId);
  const seen = Object.entries(byTrace).map(([id, calls = []]): [string, string[]] => [
    id,
    calls.map(({ route, error }) => `${route} ${error ?? 'ok'}`).sort(),
  ]);
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(expected));
}
