import { type Server, ServerCredentials } from '@grpc/grpc-js';

/** Starts a server of gRPC and says where it listens. At SIGTERM it finishes its calls, and then `close` ends the rest. */
export function listen(server: Server, address: string, close: () => Promise<void>): void {
  server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    console.log(`listening ${address.replace(/:\d+$/, `:${port}`)}`);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => server.tryShutdown(() => void close()));
}
