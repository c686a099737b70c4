import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createCalls } from '../../../src/calls/calls.js';
import {
  observeServerStreams,
  type StreamBoundary,
} from '../../../src/instrumentations/http2/server-streams.js';
import { HTTP_SERVER } from '../../../src/semconv/http.js';

const calls = createCalls({ observers: [], knownOperations: {} });
const seen: string[] = [];

/** Creates a boundary that observes the requests for one path. */
function boundary(path: string): StreamBoundary {
  return {
    open(_, headers) {
      if (headers[':path'] !== path) return undefined;
      seen.push(`${path} open`);
      const call = calls.open({ kind: 'server', convention: HTTP_SERVER, operation: '', attributes: {} });
      return call && { call };
    },
    end: ({ call }) => {
      seen.push(`${path} end`);
      call.end({});
    },
    received: (_, chunk) => seen.push(`${path} received ${chunk}`),
    sent: (_, chunk) => seen.push(`${path} sent ${chunk}`),
  };
}

test('a stream belongs to one boundary, which receives the bytes of both bodies', async () => {
  observeServerStreams(boundary('/a'), calls);
  observeServerStreams(boundary('/b'), calls);
  const server = http2.createServer().on('stream', async (stream) => {
    stream.respond();
    for await (const chunk of stream) stream.write(Buffer.from(`re-${chunk}`));
    stream.cork();
    stream.write(Buffer.from('1'));
    stream.end(Buffer.from('2'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

  for (const path of ['/a', '/b', '/c']) {
    const request = client.request({ ':path': path, ':method': 'POST' });
    request.end(`to${path}`);
    let text = '';
    for await (const chunk of request) text += chunk;
    expect(text).toBe(`re-to${path}12`);
  }
  client.close();
  server.close();
  await once(server, 'close');

  expect(seen).toEqual(
    ['/a', '/b'].flatMap((path) => [
      `${path} open`,
      `${path} received to${path}`,
      `${path} sent re-to${path}`,
      `${path} sent 1`,
      `${path} sent 2`,
      `${path} end`,
    ]),
  );
});
