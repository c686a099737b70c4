import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeldReports } from '../../../../src/instrumentations/temporal/workflow/held-reports.js';

let told: string[];
let reports: HeldReports<string>;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  reports = new HeldReports((report) => told.push(report));
});
afterEach(() => {
  vi.useRealTimers();
});

test('a task that nobody refuses is told soon after its answer', () => {
  reports.hold('run', 'a', 3, false);
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([]);

  reports.answer('run');
  vi.advanceTimersByTime(100);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(110);
  expect(told).toEqual(['a']);
});

test('each task has its own time', () => {
  reports.hold('first', 'a', 3, false);
  reports.answer('first');
  vi.advanceTimersByTime(150);
  reports.hold('second', 'b', 3, false);
  reports.answer('second');
  vi.advanceTimersByTime(60);
  expect(told).toEqual(['a']);
  vi.advanceTimersByTime(250);
  expect(told).toEqual(['a', 'b']);
});

test('a task that is refused is not told', () => {
  reports.hold('run', 'a', 3, false);
  reports.answer('run');
  reports.discard('run');
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([]);
});

test('the next task of a run shows that the one before was accepted', () => {
  reports.hold('run', 'a', 3, false);
  reports.activate('run', 8);
  expect(told).toEqual(['a']);
});

test('an activation of the same task continues it', () => {
  reports.hold('run', 'a', 3, false);
  reports.answer('run');
  reports.activate('run', 3);
  vi.advanceTimersByTime(1_000);
  reports.hold('run', 'b', 3, false);
  reports.discard('run');
  expect(told).toEqual([]);
});

test('a task that waits for a local activity has no answer yet', () => {
  reports.hold('run', 'a', 3, true);
  reports.answer('run');
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([]);

  reports.activate('run', 3);
  reports.hold('run', 'b', 3, false);
  reports.answer('run');
  vi.advanceTimersByTime(210);
  expect(told).toEqual(['a', 'b']);
});

test('when a run is closed, the last task that the service has accepted is told', () => {
  reports.hold('accepted', 'a', 3, false);
  reports.hold('refused', 'b', 9, false);
  reports.settle('accepted', 3);
  reports.settle('refused', 3);
  reports.settle('unknown', 3);
  reports.close();
  expect(told).toEqual(['a']);
});

test('a worker that stops tells what it has answered', () => {
  reports.hold('answered', 'a', 3, false);
  reports.hold('open', 'b', 3, true);
  reports.answer('answered');
  reports.answer('open');
  reports.close();
  expect(told).toEqual(['a']);
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual(['a']);
});
