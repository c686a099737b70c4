import { expect, test } from 'vitest';
import { NOT_OPEN, OpenCalls } from '../../src/calls/open-calls.js';

test('a call is listed from its addition to its deletion, in any order', () => {
  const open = new OpenCalls();
  const [a, b, c] = Array.from({ length: 3 }, () => ({ index: NOT_OPEN })) as [Call, Call, Call];
  for (const call of [a, b, c]) open.add(call);

  expect(open.delete(a)).toBe(true);
  expect(new Set(open.all())).toEqual(new Set([b, c]));
  expect(open.delete(c)).toBe(true);
  expect(open.all()).toEqual([b]);
  expect(open.delete(b)).toBe(true);
  expect(open.all()).toEqual([]);
});

test('deleting a call twice has no effect', () => {
  const open = new OpenCalls();
  const [gone, stays] = [{ index: NOT_OPEN }, { index: NOT_OPEN }];
  open.add(gone);
  open.add(stays);
  open.delete(gone);

  expect(open.delete(gone)).toBe(false);
  expect(open.all()).toEqual([stays]);
});

type Call = { index: number };
