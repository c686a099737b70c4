import { createRequire } from 'node:module';
import { beforeAll, expect, test } from 'vitest';
import { createCalls } from '../../src/calls/calls.js';
import { attachAll } from '../../src/hooks/attach-all.js';
import type { Instrumentation, Target } from '../../src/instrumentation.js';

const calls = createCalls({ observers: [], knownOperations: {} });

function instrumentation(name: string, target: Target): Instrumentation {
  return { name, observes: '', conventions: [], targets: [target] };
}

const BUILTIN = { builtin: 'node:http', attach() {} } as const;

beforeAll(() => import('node:http'));

test('what has been turned on is attached where its library is not loaded, once', () => {
  const attached: string[] = [];
  const target = (name: string): Target => ({
    package: 'express',
    file: 'index.js',
    attach: () => void attached.push(name),
  });
  const all = [
    instrumentation('on', { ...BUILTIN, attach: () => void attached.push('on') }),
    instrumentation('early', target('early')),
    instrumentation('late', BUILTIN),
  ];
  const settings = { current: { instrumentations: { on: true, early: false, late: false } } };

  const { attachMissing } = attachAll(all, calls, settings, { mayChange: true });
  expect(attached).toEqual(['on']);
  expect(attachMissing()).toEqual([]);

  settings.current = { instrumentations: { on: true, early: true, late: true } };
  expect(attachMissing()).toEqual(['late']);
  createRequire(import.meta.url)('express');
  expect(attached).toEqual(['on', 'early']);
  expect(attachMissing()).toEqual(['late']);
});

test('the state of each is told, with the libraries that it observes', () => {
  const target = { package: 'koa', file: 'lib/application.js', attach() {} };
  const all = [
    instrumentation('koa', target),
    instrumentation('absent', { ...target, package: 'absent' }),
    instrumentation('off', BUILTIN),
    instrumentation('broken', {
      ...BUILTIN,
      attach() {
        throw new Error('broken');
      },
    }),
  ];
  const settings = { current: { instrumentations: { koa: true, absent: true, off: false, broken: true } } };
  const { states } = attachAll(all, calls, settings, { mayChange: false });
  createRequire(import.meta.url)('koa');

  expect(states()).toEqual([
    {
      name: 'koa',
      state: 'on',
      libraries: [{ name: 'koa', version: expect.any(String), folder: expect.any(String) }],
    },
    { name: 'absent', state: 'waiting', libraries: [] },
    { name: 'off', state: 'off', libraries: [] },
    { name: 'broken', state: 'failed', libraries: [] },
  ]);
});
