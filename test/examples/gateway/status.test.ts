import { expect, test } from 'vitest';
import { GatewayError, httpStatus, toGatewayError } from '../../../examples/gateway/src/status.ts';

test.each([
  ['of gRPC', Object.assign(new Error(), { code: 5, details: '' }), 404],
  ['of the gateway', new GatewayError(16, ''), 401],
  // Its number is 0, which means success in gRPC.
  ['of Web Crypto', new DOMException('', 'DataError'), 500],
  ['of an aborted operation, with a number that gRPC does not know', new DOMException('', 'AbortError'), 500],
  ['of anything else', new Error(), 500],
])('an error %s is never a success', (_, error, expected) => {
  expect(httpStatus(toGatewayError(error).code)).toBe(expected);
});
