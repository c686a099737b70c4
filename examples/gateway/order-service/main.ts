// The backend of the example: orders in memory, over gRPC. Nothing here refers to Redhook.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { createOrders } from './orders.ts';
import { serve } from './serve.ts';

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: 'image.binpb' },
    address: { type: 'string', default: '127.0.0.1:0' },
  },
});
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(values.image)));
const server = new Server();
const orders = createOrders();
serve(server, registry, 'acme.order.v1.OrderService', orders.v1);
serve(server, registry, 'acme.order.v2.OrderService', orders.v2);
server.bindAsync(values.address, ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`listening ${values.address.replace(/:\d+$/, `:${port}`)}`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => server.tryShutdown(() => process.exit()));
}
