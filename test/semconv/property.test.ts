import { expect, test } from 'vitest';
import { isError, propertyOf } from '../../src/semconv/property.js';

function throwing(): never {
  throw new Error('lazy');
}

test.each([
  [Object.assign(new Error(), { code: 'E' }), 'E'],
  [Object.defineProperty(new Error(), 'code', { get: throwing }), undefined],
  [new Proxy({}, { get: throwing }), undefined],
  [Object.create(null), undefined],
  ['text', undefined],
  [undefined, undefined],
  [null, undefined],
])('a property of any thrown value can be read (%#)', (thrown, value) => {
  expect(propertyOf(thrown, 'code')).toBe(value);
});

test.each([
  [new TypeError(), true],
  [{ message: 'x' }, false],
  [undefined, false],
  [new Proxy(new Error(), { getPrototypeOf: throwing }), false],
])('an exception is told apart from any other thrown value (%#)', (thrown, is) => {
  expect(isError(thrown)).toBe(is);
});
