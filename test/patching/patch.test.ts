import { expect, test } from 'vitest';
import { patch } from '../../src/patching/patch.js';

class Base {
  greet(name: string, greeting = 'hello'): string {
    return `${greeting} ${name}`;
  }
}

function patched<T extends object>(owner: T): () => void {
  return patch<Base['greet']>(
    owner,
    'greet',
    (greet) =>
      function (this: Base, ...args) {
        return `${greet.apply(this, args)}!`;
      },
  );
}

test('a patched method keeps its name, length and enumerability, and the patch can be undone', () => {
  class Own extends Base {
    override greet(name: string): string {
      return `own ${name}`;
    }
  }
  const before = Object.getOwnPropertyDescriptor(Own.prototype, 'greet');
  const undo = patched(Own.prototype);

  const { greet } = Own.prototype;
  expect([greet.name, greet.length, Object.keys(Own.prototype)]).toEqual(['greet', 1, []]);
  expect(new Own().greet('you')).toBe('own you!');

  undo();
  expect(Object.getOwnPropertyDescriptor(Own.prototype, 'greet')).toEqual(before);
});

test('an inherited method is patched on the object itself, with its enumerability, until it is undone', () => {
  class Heir extends Base {}
  const undo = patched(Heir.prototype);
  expect(new Heir().greet('you')).toBe('hello you!');
  expect(Object.keys(Heir.prototype)).toEqual([]);
  undo();
  expect(Object.hasOwn(Heir.prototype, 'greet')).toBe(false);

  const listed = Object.create({ greet: () => 'listed' });
  patched(listed);
  expect(Object.keys(listed)).toEqual(['greet']);
});

test('undo keeps a later patch of other code', () => {
  const owner = { greet: () => 'one' };
  const undo = patched(owner);
  const theirs = () => 'two';
  owner.greet = theirs;
  undo();
  expect(owner.greet).toBe(theirs);
});
