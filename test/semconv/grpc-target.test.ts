import { expect, test } from 'vitest';
import { splitGrpcTarget } from '../../src/semconv/grpc-target.js';

test.each([
  ['dns:localhost:50051', 'localhost', 50051],
  ['dns:///grpc.io:50051', 'grpc.io', 50051],
  ['dns://1.2.3.4/grpc.io:50051', 'grpc.io', 50051],
  ['dns:///grpc.io', 'grpc.io', 443],
  ['dns:[::1]:50051', '::1', 50051],
  ['ipv4:127.0.0.1:50051', '127.0.0.1', 50051],
  ['ipv6:[2001:db8::1]:50051', '2001:db8::1', 50051],
  ['ipv4:10.0.0.1:1,10.0.0.2:2', 'ipv4:10.0.0.1:1,10.0.0.2:2', undefined],
  ['unix:/run/shop.sock', '/run/shop.sock', undefined],
  ['unix:///run/shop.sock', '/run/shop.sock', undefined],
  ['unix:shop.sock', 'shop.sock', undefined],
  ['unix-abstract:shop', 'shop', undefined],
  ['xds:///shop', 'xds:///shop', undefined],
  ['?', '?', undefined],
])('the address of %s is %s, its port is %s', (target, address, port) => {
  expect(splitGrpcTarget(target)).toEqual({ address, port });
});
