import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { lookAtNewEmitters } from '../../src/patching/new-emitters.js';

test('each class is looked at once, when its first object is created', () => {
  class Shop extends EventEmitter {}
  class Branch extends Shop {}
  const look = vi.fn();
  const stop = lookAtNewEmitters(look);

  for (const each of [Shop, Branch, Shop]) new each();
  stop();
  new (class Late extends Shop {})();

  expect(look.mock.calls).toEqual([[Shop.prototype], [Branch.prototype]]);
});

test('who looks later is shown the classes that others have seen, and the last one to stop leaves nothing behind', () => {
  class Shop extends EventEmitter {}
  const { init } = EventEmitter as unknown as { init: unknown };
  const [first, second] = [vi.fn(), vi.fn()];

  const stopFirst = lookAtNewEmitters(first);
  new Shop();
  const stopSecond = lookAtNewEmitters(second);
  new Shop();
  stopFirst();
  stopSecond();

  expect(second.mock.calls).toEqual([[Shop.prototype]]);
  expect((EventEmitter as unknown as { init: unknown }).init).toBe(init);
});

test('an emitter that is a proxy which throws is created as before', () => {
  const stop = lookAtNewEmitters(() => {});
  const throwing = (): never => {
    throw new Error('odd');
  };
  const emitter = new Proxy({}, { getPrototypeOf: throwing });

  expect(() => Reflect.apply(EventEmitter, emitter, [])).not.toThrow();
  stop();
});
