import { writeSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { log, reason, templateOf } from '../src/log.js';

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

test('of the messages of one kind only the first is printed', () => {
  log.warn(`cause ${cause}: a`, `kind ${cause}`);
  log.warn(`cause ${cause}: b`, `kind ${cause}`);

  expect(printed()).toEqual([[2, `redhook: cause ${cause}: a\n`]]);
});

test('a message that its level hides is not remembered', () => {
  log.debug(`cause ${cause}`);
  log.setLevel('debug');
  log.debug(`cause ${cause}`);

  expect(printed()).toHaveLength(1);
});

test('control characters of whoever wrote the text do not reach the terminal', () => {
  log.error(`cause ${cause}: \u001b[2Jx\ry\nz\u202e`);
  log.change('error', 'a\u0007');

  expect(printed()).toEqual([
    [2, `redhook: cause ${cause}: \\u001b[2Jx\\u000dy\\u000az\\u202e\n`],
    [2, 'redhook: a\\u0007\n'],
  ]);
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

test.each([
  ['no prototype', Object.create(null)],
  [
    'a message that throws',
    Object.defineProperty(new Error(), 'message', {
      get() {
        throw new Error('lazy');
      },
    }),
  ],
  ['a message that is no text', Object.assign(new Error(), { message: Object.create(null) })],
  [
    'a proxy that throws',
    new Proxy(new Error(), {
      getPrototypeOf() {
        throw new Error('trap');
      },
    }),
  ],
])('the reason of a thrown value with %s is a text too', (_, thrown) => {
  expect(reason(thrown)).toBe('a thrown value that cannot be read');
});

test('messages that differ in ids, numbers, quoted text or the name before the ids have one template', () => {
  const id = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
  const other = '1bf7651916cd43dd8448eb211c80319c-c7ad6b7169203331';

  expect(templateOf(`GET /a ${id} - only once`)).toBe(templateOf(`GET /b ${other} - only once`));
  expect(templateOf('dropped 7 of "x"')).toBe(templateOf('dropped 81 of "y"'));
  expect(templateOf('dropped 7 events')).not.toBe(templateOf('dropped 7 links'));
});

test('beyond a thousand kinds of one level it is silent, and the other levels are not', () => {
  for (let n = 0; n < 1_100; n += 1) log.info(`cause ${cause}.${n}`);
  const before = printed().length;
  for (let n = 0; n < 1_100; n += 1) log.info(`cause ${cause}.${n}`);
  log.error(`cause ${cause}`);

  expect(before).toBeLessThanOrEqual(1_000);
  expect(printed()).toHaveLength(before + 1);
});
