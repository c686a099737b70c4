import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { aroundEmit } from '../../src/hooks/around-emit.js';

class Base extends EventEmitter {}

class Derived extends Base {}

test('the advice sees every event, and what it calls is the emit of before', () => {
  const events: unknown[] = [];
  aroundEmit(Derived.prototype as never, (emitter, args, emit) => {
    events.push(args[0]);
    return emit.apply(emitter, args);
  });
  const emitter = new Derived();
  const heard: unknown[] = [];
  emitter.on('a', (...args) => heard.push(args));

  expect([emitter.emit('a', 1, 2), emitter.emit('b')]).toEqual([true, false]);

  expect(heard).toEqual([[1, 2]]);
  expect(events).toEqual(['a', 'b']);
});

test('an inherited emit that somebody patches later is the one that is called', () => {
  let patched = 0;
  const { emit } = Base.prototype;
  Base.prototype.emit = function (...args) {
    patched += 1;
    return emit.apply(this, args);
  };

  new Derived().emit('a');

  expect(patched).toBe(1);
});
