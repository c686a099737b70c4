import { writeSync } from 'node:fs';
import { diag } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log } from '../../src/log.js';
import { adoptDiagnostics } from '../../src/telemetry/diag.js';

vi.mock('node:fs', async (original) => ({ ...(await original<object>()), writeSync: vi.fn() }));
const write = vi.mocked(writeSync);

beforeEach(() => {
  write.mockReset();
  adoptDiagnostics();
});
afterEach(() => log.setLevel('info'));

function printed(): unknown[] {
  return write.mock.calls.map(([, text]) => text);
}

function endTwice(times: number): void {
  const tracer = new TracerProvider({}).getTracer('app');
  for (let n = 0; n < times; n += 1) {
    const span = tracer.startSpan(`GET /${n}`);
    span.end();
    span.end();
    span.setAttribute('late', n);
  }
}

test('the misuse of a span by the application is hidden, and under debug one line of each kind', () => {
  endTwice(10);
  expect(printed()).toEqual([]);

  log.setLevel('debug');
  endTwice(1_500);
  expect(printed()).toEqual([
    expect.stringMatching(/Cannot execute the operation on ended Span/),
    expect.stringMatching(/only call end\(\) on a span once/),
  ]);
});

test('after any number of messages an error is still printed once', () => {
  log.setLevel('debug');
  for (let n = 0; n < 1_500; n += 1) diag.warn(`kind ${'x'.repeat(n)}`);
  write.mockReset();

  for (let n = 0; n < 3; n += 1) diag.error(`export ${n} failed`);

  expect(printed()).toEqual(['redhook: export 0 failed\n']);
});

test('whatever the application passes, nothing throws', () => {
  const odd = [Object.create(null), Symbol('s'), undefined, new Error('x')];

  expect(() => {
    for (const each of odd) {
      diag.error(each);
      diag.warn('odd', each);
    }
  }).not.toThrow();
});
