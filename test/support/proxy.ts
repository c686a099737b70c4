/** An HTTP proxy on loopback that sends everything to one server, whatever host is asked for. */
import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface Proxy {
  /** With credentials. */
  readonly url: string;
  /** The requests that came through: `CONNECT host:port` or `POST http://host:port/path`. */
  readonly requests: string[];
  /** Its open connections. */
  connections(): number;
  close(): Promise<void>;
}

/** With `answer: 'nothing'` it accepts connections and stays silent. */
export async function startProxy(
  targetPort: number,
  { answer }: { answer?: 'nothing' | 403 } = {},
): Promise<Proxy> {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (answer === 'nothing') return;
    const { pathname } = new URL(request.url ?? '');
    const { method, headers } = request;
    // With an agent of its own, because the proxy may run in a process that uses it.
    const agent = new http.Agent();
    const to = { port: targetPort, host: '127.0.0.1', path: pathname };
    const forwarded = http.request({ ...to, method, headers, agent });
    request.pipe(forwarded.on('error', () => response.destroy()));
    forwarded.on('response', (from) => {
      response.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(response);
    });
  });
  server.on('connect', ({ method, url }, socket) => {
    requests.push(`${method} ${url}`);
    socket.on('error', () => {});
    if (answer === 403) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    if (answer !== undefined) return void socket.resume().on('end', () => socket.end());
    const target = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://user:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => sockets.size,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
