import { connect } from 'node:net';

/**
 * Sends `count` requests on `connections` connections, each as soon as the previous response has arrived. Written by
 * hand, because the load generators on npm need more CPU time per request than the server under test.
 *
 * @returns the duration of each request, in milliseconds
 */
export async function loadHttp(port: number, count: number, connections: number): Promise<Float64Array> {
  const latencies = new Float64Array(count);
  const request = Buffer.from(
    `GET /orders/42?full=1 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n`,
  );
  let sent = 0;
  const client = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      let index = 0;
      let from = 0;
      const next = (): void => {
        if (sent === count) {
          socket.destroy();
          resolve();
          return;
        }
        index = sent;
        sent += 1;
        from = performance.now();
        socket.write(request);
      };
      socket.on('connect', next).on('error', reject);
      // The responses are short, so each arrives in one piece.
      socket.on('data', (answer) => {
        if (!answer.subarray(0, 12).equals(OK)) return reject(new Error(`unexpected answer: ${answer}`));
        latencies[index] = performance.now() - from;
        next();
      });
      socket.on('close', () => reject(new Error('the server has closed a connection')));
    });
  await Promise.all(Array.from({ length: connections }, client));
  return latencies;
}

const OK = Buffer.from('HTTP/1.1 200');
