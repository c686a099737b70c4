import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Circuits, type Place } from '../../../../examples/gateway/src/breaker/circuits.ts';
import type { Binding } from '../../../../examples/gateway/src/image.ts';
import { parseTemplate } from '../../../../examples/gateway/src/template.ts';
import type { Upstream } from '../../../../examples/gateway/src/upstream.ts';

const ROW = { failure_rate: 0.5, window_s: 10, max_failures: 1, open_s: 5 };
const OPTIONS = {
  metadata: undefined as never,
  deadline: new Date(60_000),
  signal: new AbortController().signal,
};

const bindingOf = (verb: string, path: string) => ({ verb, template: parseTemplate(path) }) as Binding;
const READ = bindingOf('GET', '/v1/orders/{id}');

let circuits: Circuits;
let rejected: Place[];
beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  rejected = [];
  const upstream = { call: () => Promise.reject({ code: 14 }) } as unknown as Upstream;
  circuits = new Circuits({ upstream, limitMs: 15_000, rejected: (place) => void rejected.push(place) });
});
afterEach(() => {
  circuits.close();
  vi.useRealTimers();
});

async function fail(role: string, times: number, row = ROW): Promise<void> {
  for (let i = 0; i < times; i += 1)
    await circuits
      .get(role, READ, row)
      .upstream.call(READ, Buffer.alloc(0), OPTIONS)
      .catch(() => {});
}

test('each role and each endpoint has its own, and its place is told', async () => {
  await fail('clerk', 2);
  expect(circuits.get('clerk', READ, ROW).state).toBe('open');
  for (const [role, binding] of [
    ['admin', READ],
    ['clerk', bindingOf('DELETE', '/v1/orders/{id}')],
    ['clerk', bindingOf('GET', '/v1/orders')],
  ] as const)
    expect(circuits.get(role, binding, ROW).state).toBe('closed');
  expect(() => circuits.get('clerk', READ, ROW).check()).toThrow('this one was not made');
  expect(rejected).toEqual([{ role: 'clerk', method: 'GET', route: '/v1/orders/:id' }]);
  expect([...circuits]).toHaveLength(4);
});

test('a row that has changed starts its circuits anew, and no others', async () => {
  await fail('clerk', 2);
  await fail('admin', 2);
  const inUse = circuits.get('clerk', READ, ROW);
  expect(circuits.get('clerk', READ, { ...ROW }).state).toBe('open');
  expect(circuits.get('clerk', READ, { ...ROW, open_s: 6 }).state).toBe('closed');
  expect(circuits.get('admin', READ, ROW).state).toBe('open');
  // Who has come by the old one is not held up.
  expect(() => inUse.check()).not.toThrow();
});

test('the circuits of a role without a row are over', async () => {
  await fail('clerk', 2);
  await fail('admin', 2);
  circuits.keep(new Map([['admin', ROW]]));
  expect(Array.from(circuits, ([{ role }, state]) => [role, state])).toEqual([
    ['clerk', 'closed'],
    ['admin', 'open'],
  ]);
  expect(circuits.get('clerk', READ, ROW).state).toBe('closed');
});

test('the seconds pass for all of them', async () => {
  await fail('clerk', 1);
  await vi.advanceTimersByTimeAsync(10_000);
  await fail('clerk', 1);
  expect(circuits.get('clerk', READ, ROW).state).toBe('closed');
});
