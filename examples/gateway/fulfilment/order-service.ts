/** The backend of the gateway whose orders are fulfilled by a saga of Temporal. Nothing here refers to Redhook. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Server } from '@grpc/grpc-js';
import { Client, Connection } from '@temporalio/client';
import { serve } from '../order-service/serve.ts';
import { listen } from './listen.ts';
import { createOrders } from './orders.ts';

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: 'image.binpb' },
    address: { type: 'string', default: '127.0.0.1:0' },
    temporal: { type: 'string', default: '127.0.0.1:7233' },
  },
});
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(values.image)));
const connection = await Connection.connect({ address: values.temporal });
const server = new Server();
serve(server, registry, 'acme.order.v1.OrderService', createOrders(new Client({ connection })));
listen(server, values.address, () => connection.close());
