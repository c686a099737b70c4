/** One of the services that do the steps of an order: `node fulfilment/step-service.ts inventory`. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Server } from '@grpc/grpc-js';
import { serve } from '../order-service/serve.ts';
import { openDatabase } from './database.ts';
import { listen } from './listen.ts';
import { SERVICES } from './services.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    image: { type: 'string', default: 'image.binpb' },
    address: { type: 'string', default: '127.0.0.1:0' },
    /** A URL of PostgreSQL, or a file. */
    database: { type: 'string', default: ':memory:' },
    stock: { type: 'string', default: '1000' },
    'most-cents': { type: 'string', default: '100000' },
    'takes-ms': { type: 'string', default: '0' },
  },
});
const service = SERVICES[positionals[0] ?? ''];
if (service === undefined) throw new Error(`expected one of ${Object.keys(SERVICES).join(', ')}`);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(values.image)));
const database = openDatabase(values.database);
const handlers = await service.create({
  database,
  stock: Number(values.stock),
  mostCents: Number(values['most-cents']),
  takesMs: Number(values['takes-ms']),
});
const server = new Server();
serve(server, registry, service.name, handlers);
listen(server, values.address, () => database.close());
