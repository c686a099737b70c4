import { expect, test } from 'vitest';
import { privateField } from '../../src/patching/private-field.js';

test('a value stays with its object, and nobody sees it', () => {
  const field = privateField<string>();
  const owner = { own: 1 };
  field.set(owner, 'first');
  field.set(owner, 'second');

  expect(field.get(owner)).toBe('second');
  expect(Reflect.ownKeys(owner)).toEqual(['own']);
  expect(owner).toEqual({ own: 1 });
});

test('an object without a value has none, and fields do not share', () => {
  const [one, other] = [privateField<number>(), privateField<number>()];
  const owner = {};
  one.set(owner, 1);

  expect([one.get({}), other.get(owner)]).toEqual([undefined, undefined]);
});

test('a value that is cleared is gone, and one that never was stays away', () => {
  const field = privateField<number>();
  const [owner, other] = [{}, {}];
  field.set(owner, 1);
  field.clear(owner);
  field.clear(other);

  expect([field.get(owner), field.get(other)]).toEqual([undefined, undefined]);
});

test.each([undefined, null, 1, 'text'])('what is no object has none: %s', (owner) => {
  expect(privateField<number>().get(owner)).toBeUndefined();
});
