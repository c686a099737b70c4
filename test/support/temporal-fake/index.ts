/**
 * A Temporal service in this process, which needs nothing but npm. Real clients and real workers connect to it. It
 * implements what the tests need: other methods are UNIMPLEMENTED, and other commands fail their workflow. It has no
 * timeouts, and it stores schedules and stand-alone activities without running them.
 */
import { loadGrpc } from '../grpc.js';
import { clientHandlers } from './client-handlers.js';
import { serviceDefinition, serviceImplementation } from './grpc-service.js';
import { Namespace } from './namespace.js';
import { scheduleHandlers } from './schedules.js';
import { standaloneActivityHandlers } from './standalone-activities.js';
import { systemHandlers } from './system-handlers.js';
import { visibilityHandlers } from './visibility.js';
import { workerHandlers } from './worker-handlers.js';

export async function startFake(): Promise<{ address: string; stop(): Promise<void> }> {
  const namespace = new Namespace();
  const grpc = loadGrpc();
  const server = new grpc.Server();
  const implementation = serviceImplementation({
    ...systemHandlers,
    ...clientHandlers(namespace),
    ...workerHandlers(namespace),
    ...visibilityHandlers(namespace),
    ...scheduleHandlers(namespace),
    ...standaloneActivityHandlers(),
  });
  server.addService(serviceDefinition(), implementation);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      namespace.timers.stop();
      server.forceShutdown();
    },
  };
}
