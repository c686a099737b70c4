import { expect, test } from 'vitest';
import { privateField } from '../../src/patching/private-field.js';

test('a value belongs to its object and is invisible from outside', () => {
  const field = privateField<string>();
  const owner = { own: 1 };
  field.set(owner, 'first');
  field.set(owner, 'second');

  expect(field.get(owner)).toBe('second');
  expect(Reflect.ownKeys(owner)).toEqual(['own']);
  expect(owner).toEqual({ own: 1 });
});

test('an object without a value reads as undefined, and fields are independent', () => {
  const [one, other] = [privateField<number>(), privateField<number>()];
  const owner = {};
  one.set(owner, 1);

  expect([one.get({}), other.get(owner)]).toEqual([undefined, undefined]);
});

test('clearing removes a value, and does nothing on an object without one', () => {
  const field = privateField<number>();
  const [owner, other] = [{}, {}];
  field.set(owner, 1);
  field.clear(owner);
  field.clear(other);

  expect([field.get(owner), field.get(other)]).toEqual([undefined, undefined]);
});

test.each([undefined, null, 1, 'text'])('a primitive value has no field: %s', (owner) => {
  expect(privateField<number>().get(owner)).toBeUndefined();
});
