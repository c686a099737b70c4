import { join } from 'node:path';
import { credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface OrdersClient {
  get(order: { id: string }, done: (error: ServiceError | null) => void): void;
  close(): void;
}

/** Makes `count` unary calls, `parallel` at a time on one connection. Returns how long each took, in milliseconds. */
export async function loadGrpc(port: number, count: number, parallel: number): Promise<Float64Array> {
  const latencies = new Float64Array(count);
  // biome-ignore lint/suspicious/noExplicitAny: what proto-loader makes at run time has no type.
  const { shop } = loadPackageDefinition(loadSync(join(import.meta.dirname, '../apps/shop.proto'))) as any;
  const client: OrdersClient = new shop.Orders(`127.0.0.1:${port}`, credentials.createInsecure());
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (sent < count) {
      const index = sent;
      sent += 1;
      const from = performance.now();
      await new Promise<void>((resolve, reject) => {
        client.get({ id: '42' }, (error) => (error ? reject(error) : resolve()));
      });
      latencies[index] = performance.now() - from;
    }
  };
  await Promise.all(Array.from({ length: parallel }, caller));
  client.close();
  return latencies;
}
