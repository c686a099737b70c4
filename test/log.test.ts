import { writeSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log, reason } from '../src/log.js';

vi.mock('node:fs', () => ({ writeSync: vi.fn() }));
const write = vi.mocked(writeSync);
let cause = 0;

beforeEach(() => {
  cause += 1;
  write.mockReset();
});
afterEach(() => log.setLevel('info'));

function printed(): unknown[] {
  return write.mock.calls.map(([fd, text]) => [fd, text]);
}

test('a message is one line on stderr and is printed only once', () => {
  log.warn(`cause ${cause}`);
  log.warn(`cause ${cause}`);

  expect(printed()).toEqual([[2, `redhook: cause ${cause}\n`]]);
});

test('a change of state is printed every time', () => {
  log.change('warn', 'down');
  log.change('warn', 'down');

  expect(printed()).toHaveLength(2);
});

test.each([
  ['none', 0],
  ['error', 1],
  ['warn', 2],
  ['info', 4],
  ['debug', 5],
] as const)('the level %s prints %i of the messages', (level, lines) => {
  log.setLevel(level);

  log.error(`error ${cause}`);
  log.warn(`warn ${cause}`);
  log.info(`info ${cause}`);
  log.announce(`${cause}: started`);
  log.debug(`debug ${cause}`);

  expect(printed()).toHaveLength(lines);
});

test('an error while writing to stderr does not reach the caller', () => {
  write.mockImplementation(() => {
    throw Object.assign(new Error('full'), { code: 'EAGAIN' });
  });

  expect(() => log.error(`cause ${cause}`)).not.toThrow();
});

test('the reason of any thrown value is on one line', () => {
  expect([new Error('a\n  b'), new TypeError(), 'text', undefined].map(reason)).toEqual([
    'a b',
    'TypeError',
    'text',
    'undefined',
  ]);
});
