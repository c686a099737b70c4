import { expect, test } from 'vitest';
import { RPC_CLIENT, RPC_SERVER } from '../../src/semconv/rpc.js';

test.each([
  ['OK', false, false],
  ['CANCELLED', true, false],
  ['UNKNOWN', true, true],
  ['INVALID_ARGUMENT', true, false],
  ['DEADLINE_EXCEEDED', true, true],
  ['NOT_FOUND', true, false],
  ['ALREADY_EXISTS', true, false],
  ['PERMISSION_DENIED', true, false],
  ['RESOURCE_EXHAUSTED', true, false],
  ['FAILED_PRECONDITION', true, false],
  ['ABORTED', true, false],
  ['OUT_OF_RANGE', true, false],
  ['UNIMPLEMENTED', true, true],
  ['INTERNAL', true, true],
  ['UNAVAILABLE', true, true],
  ['DATA_LOSS', true, true],
  ['UNAUTHENTICATED', true, false],
])('gRPC %s fails the client: %s, the server: %s', (status, client, server) => {
  expect(RPC_CLIENT.isFailure(status)).toBe(client);
  expect(RPC_SERVER.isFailure(status)).toBe(server);
});

test('a gRPC span is named by its method, or by the system when the method is unknown', () => {
  const { spanName } = RPC_SERVER;

  expect(spanName('_OTHER', 'shop.Orders/Get')).toBe('shop.Orders/Get');
  expect(spanName('_OTHER', undefined)).toBe('grpc');
});
