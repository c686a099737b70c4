import { expect, test } from 'vitest';
import {
  isGrpc,
  isMostlyOver,
  methodOf,
  statusName,
  statusOfHttp,
  timeoutOf,
} from '../../src/semconv/grpc.js';

test.each([
  [0, 'OK'],
  ['16', 'UNAUTHENTICATED'],
  [17, 'UNKNOWN'],
  ['nonsense', 'UNKNOWN'],
  [undefined, 'UNKNOWN'],
])('status %j is %s', (code, name) => {
  expect(statusName(code)).toBe(name);
});

test.each([
  ['application/grpc', true],
  ['application/grpc+proto', true],
  ['application/grpc;charset=utf-8', true],
  ['application/grpc-web', false],
  ['application/grpc-web+proto', false],
  ['application/grpc-web-text', false],
  ['application/json', false],
  [undefined, false],
])('whether %j is gRPC: %j', (type, expected) => {
  expect(isGrpc({ 'content-type': type })).toBe(expected);
});

test('the method is the path without its slash', () => {
  expect(methodOf('/shop.Orders/Get')).toBe('shop.Orders/Get');
  expect(methodOf('no-slash')).toBe('no-slash');
});

test.each([
  ['2H', 7200],
  ['3M', 180],
  ['4S', 4],
  ['100m', 0.1],
  ['123456789S', undefined],
  ['soon', undefined],
  [undefined, undefined],
])('a timeout of %j is %j s', (header, seconds) => {
  expect(timeoutOf(header)).toBe(seconds);
});

test.each([
  [401, 'UNAUTHENTICATED'],
  [404, 'UNIMPLEMENTED'],
  [503, 'UNAVAILABLE'],
  [500, 'UNKNOWN'],
])('without a status of gRPC, HTTP %i is %s', (status, name) => {
  expect(statusOfHttp(status)).toBe(name);
});

test('a timeout is mostly over a little before its end', () => {
  expect(isMostlyOver(10, Date.now() - 8_000)).toBe(false);
  expect(isMostlyOver(10, Date.now() - 9_500)).toBe(true);
  expect(isMostlyOver(undefined, 0)).toBe(false);
});
