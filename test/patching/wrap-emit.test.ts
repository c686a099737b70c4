import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { wrapEmit } from '../../src/patching/wrap-emit.js';

class Base extends EventEmitter {}

class Derived extends Base {}

test('the hook sees every event, and the original emit still runs', () => {
  const events: unknown[] = [];
  wrapEmit(Derived.prototype as never, {
    before(_, event, first, second) {
      events.push([event, first, second]);
      return undefined;
    },
  });
  const emitter = new Derived();
  const heard: unknown[] = [];
  emitter.on('a', (...args) => heard.push(args));

  expect([emitter.emit('a', 1, 2, 3), emitter.emit('b')]).toEqual([true, false]);

  expect(heard).toEqual([[1, 2, 3]]);
  expect(events).toEqual([
    ['a', 1, 2],
    ['b', undefined, undefined],
  ]);
});

test('listeners run inside the returned call, and afterClose runs even if one of them throws', () => {
  class Closing extends EventEmitter {}
  const seen: unknown[] = [];
  const call = {
    run(fn: (...args: unknown[]) => unknown, self: unknown, ...args: unknown[]) {
      seen.push('in');
      return fn.apply(self, args);
    },
  };
  wrapEmit(Closing.prototype as never, {
    before: (_, event) => (event === 'end' ? undefined : (call as never)),
    afterClose: () => seen.push('after'),
  });
  const emitter = new Closing().on('close', (why) => {
    throw why;
  });

  expect([emitter.emit('end'), emitter.emit('other')]).toEqual([false, false]);
  const why = new Error('app');
  expect(() => emitter.emit('close', why)).toThrow(why);

  expect(seen).toEqual(['in', 'in', 'after']);
});

test('an inherited emit that is patched later is the one that runs', () => {
  let patched = 0;
  const { emit } = Base.prototype;
  Base.prototype.emit = function (...args) {
    patched += 1;
    return emit.apply(this, args);
  };

  new Derived().emit('a');

  expect(patched).toBe(1);
});
