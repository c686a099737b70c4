/**
 * The receiver of all spans, in its own process: OTLP over gRPC, and an API that dd-trace accepts as a Datadog agent.
 * It counts spans and discards them. Over its IPC channel it reports its ports, and its count on every message.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';

const PREFIX_BYTES = 5;
/** `ExportTraceServiceRequest.resource_spans.scope_spans.spans`, by field numbers. */
const SPANS = [1, 2, 2];

let received = 0;

const otlp = createHttp2Server({ settings: { initialWindowSize: 4 * 1024 * 1024 } });
otlp.on('sessionError', () => {});
otlp.on('stream', async (stream: ServerHttp2Stream) => {
  stream.on('error', () => {});
  const body = await bytesOf(stream).catch(() => undefined);
  if (body === undefined || stream.destroyed) return;
  received += countAt(body.subarray(PREFIX_BYTES), SPANS);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.alloc(PREFIX_BYTES));
});

const datadog = createServer(async (request: IncomingMessage, response) => {
  await bytesOf(request);
  received += Number(request.headers['x-datadog-trace-count'] ?? 0);
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify(request.url === '/info' ? { endpoints: ['/v0.4/traces'] } : { rate_by_service: {} }),
  );
});

process.on('disconnect', () => process.exit());
process.on('message', () => process.send?.(received));
process.send?.({ otlp: await portOf(otlp), datadog: await portOf(datadog) });

/** Counts the messages at a path of fields. All fields on the way are length-delimited. */
function countAt(bytes: Uint8Array, [field, ...below]: readonly number[]): number {
  if (field === undefined) return 1;
  let count = 0;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const length = varint();
    if (tag === field * 8 + 2) count += countAt(bytes.subarray(at, at + length), below);
    at += length;
  }
  return count;
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
