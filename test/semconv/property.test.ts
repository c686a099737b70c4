import { expect, test } from 'vitest';
import { propertyOf } from '../../src/semconv/property.js';

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
