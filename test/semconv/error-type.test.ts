import { expect, test } from 'vitest';
import { errorType } from '../../src/semconv/error-type.js';

class PaymentError extends Error {
  override name = 'PaymentError';
}

test.each([
  [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new TypeError('x'), 'TypeError'],
  [new PaymentError('order 7 failed'), 'PaymentError'],
  [new DOMException('x', 'TimeoutError'), 'TimeoutError'],
  ['aborted', 'aborted'],
  ['a whole sentence with order 7', '_OTHER'],
  [Object.assign(new Error('x'), { code: 'user 7 is unknown' }), 'Error'],
  [Object.assign(new Error('x'), { name: 'no good name!' }), '_OTHER'],
  [undefined, '_OTHER'],
  [null, '_OTHER'],
  [7, '_OTHER'],
])('errorType(%s) is %s', (error, type) => expect(errorType(error)).toBe(type));

function throwing(): never {
  throw new Error('lazy');
}

test.each([
  [Object.defineProperty(new TypeError(), 'code', { get: throwing }), 'TypeError'],
  [Object.defineProperty(new TypeError(), 'name', { get: throwing }), '_OTHER'],
  [new Proxy(new Error(), { get: throwing, getPrototypeOf: throwing }), '_OTHER'],
  [Object.create(null), '_OTHER'],
])('an error that throws when it is read has a type too (%#)', (error, type) => {
  expect(errorType(error)).toBe(type);
});
