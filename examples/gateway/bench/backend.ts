// A backend that answers with bytes made at its start, so that it costs the gateway nothing but the call.
import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { orderOf } from './order.ts';

const [image = '', items = '1', messages = '1'] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)));
const type = registry.getMessage('acme.order.v1.Order');
if (type === undefined) throw new Error('the image has no orders');
const order = Buffer.from(toBinary(type, fromJson(type, orderOf(Number(items)))));

const same = (bytes: Buffer): Buffer => bytes;
const codecs = {
  requestStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};
const server = new Server();
server.addService(
  {
    get: { path: '/acme.order.v1.OrderService/GetOrder', responseStream: false, ...codecs },
    watch: { path: '/acme.order.v1.OrderService/WatchOrder', responseStream: true, ...codecs },
    echo: { path: '/conformance.types.v1.Types/Echo', responseStream: false, ...codecs },
  },
  {
    get: (_: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, order),
    echo: ({ request }: { request: Buffer }, answer: (error: null, bytes: Buffer) => void) =>
      answer(null, request),
    watch: (call: ServerWritableStream<Buffer, Buffer>) => {
      for (let n = 0; n < Number(messages); n += 1) call.write(order);
      call.end();
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`listening http://127.0.0.1:${port}`);
});
