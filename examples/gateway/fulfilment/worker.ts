/** Runs the workflow and its activities. At SIGTERM it takes no more tasks, finishes those that it has, and ends. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from './activities.ts';
import { connectTo } from './backends.ts';
import { TASK_QUEUE } from './order.ts';
import { SERVICES } from './services.ts';
import { ATTEMPT_MS } from './steps.ts';

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: 'image.binpb' },
    temporal: { type: 'string', default: '127.0.0.1:7233' },
    inventory: { type: 'string', default: '127.0.0.1:50061' },
    waybills: { type: 'string', default: '127.0.0.1:50062' },
    payments: { type: 'string', default: '127.0.0.1:50063' },
    /** Where probes ask whether it runs. */
    'health-port': { type: 'string', default: '0' },
  },
});
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(values.image)));
const backend = (service: 'inventory' | 'waybills' | 'payments') =>
  connectTo(values[service], registry, SERVICES[service]?.name ?? '');
const backends = {
  inventory: backend('inventory'),
  waybills: backend('waybills'),
  payments: backend('payments'),
};

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: values.temporal });
const worker = await Worker.create({
  connection,
  taskQueue: TASK_QUEUE,
  workflowsPath: fileURLToPath(new URL('saga.ts', import.meta.url)),
  activities: createActivities(backends),
  // An attempt that is under way may end; no attempt takes longer.
  shutdownGraceTime: ATTEMPT_MS,
  shutdownForceTime: 2 * ATTEMPT_MS,
});
const health = createServer((_request, response) => {
  response.writeHead(worker.getState() === 'RUNNING' ? 200 : 503).end(worker.getState());
});
health.listen(Number(values['health-port']), '127.0.0.1', () => {
  const address = health.address();
  console.log(`listening 127.0.0.1:${typeof address === 'object' ? address?.port : address}`);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => worker.shutdown());

await worker.run();
// Nothing keeps the process after this, so it ends by itself.
health.close();
health.closeAllConnections();
for (const { close } of Object.values(backends)) close();
await connection.close();
