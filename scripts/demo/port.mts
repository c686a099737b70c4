import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** The port that is asked for, or any other when it is taken. */
export async function freePort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted);
  try {
    await once(server, 'listening');
  } catch {
    return freePort(0);
  }
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
