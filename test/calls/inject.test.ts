/** The trace headers that a server receives when the application has set some of them itself, from every client. */
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { context, propagation, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fetch as fetchInstrumentation } from '../../src/instrumentations/fetch.js';
import { grpcClient } from '../../src/instrumentations/grpc-client.js';
import { httpClient } from '../../src/instrumentations/http-client.js';
import { http2Client } from '../../src/instrumentations/http2-client.js';
import { record } from '../support/recorder.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const around = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: TRACE_ID,
    spanId: 'b7ad6b7169203331',
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  }),
  propagation.createBaggage({ tenant: { value: 'a' }, key1: { value: 'ours' } }),
);
const THEIRS = `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01`;
const OURS = expect.stringMatching(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));

const recorder = record(httpClient, http2Client, fetchInstrumentation, grpcClient);
/** All values of each header, by lower-case name. */
type Received = Record<string, string[]>;

let received: Received = {};

beforeEach(() => {
  recorder.forget();
  received = {};
});

function collect(rawHeaders: readonly string[]): void {
  received = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    received[name] = [...(received[name] ?? []), rawHeaders[i + 1] as string];
  }
}

const server = http.createServer((request, response) => {
  collect(request.rawHeaders);
  response.end();
});
const server2 = http2.createServer();
server2.on('stream', (stream, _headers, _flags, rawHeaders) => {
  collect(rawHeaders as unknown as string[]);
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' },
    { endStream: true },
  );
});

beforeAll(async () => {
  await Promise.all(
    [server, server2].map((each) => new Promise<void>((done) => each.listen(0, '127.0.0.1', done))),
  );
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  server2.close();
});

const portOf = (each: { address(): unknown }) => (each.address() as AddressInfo).port;
const url = () => `http://127.0.0.1:${portOf(server)}/`;

type Headers = Record<string, string>;

const byHttp = (headers: Headers | string[]) =>
  new Promise<void>((resolve, reject) => {
    http
      .get(url(), { headers: headers as Headers, agent: false }, (response) =>
        response.resume().on('end', resolve),
      )
      .on('error', reject);
  });

const flat = (headers: Headers): string[] => ['Host', '127.0.0.1', ...Object.entries(headers).flat()];

const byHttp2 = (headers: Headers | string[]) =>
  new Promise<void>((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${portOf(server2)}`);
    const request = session.request(headers as Headers);
    request.on('error', reject).on('close', () => session.close(resolve));
    request.resume();
  });

const byGrpc = (headers: Headers) =>
  new Promise<void>((resolve) => {
    const client = new grpc.Client(`127.0.0.1:${portOf(server2)}`, grpc.credentials.createInsecure());
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const same = (bytes: Buffer) => bytes;
    client.makeUnaryRequest('/a.B/C', same, same, Buffer.alloc(0), metadata, () => {
      client.close();
      resolve();
    });
  });

const undici = async (load: () => Promise<unknown>) =>
  (await load()) as {
    fetch: typeof fetch;
    request: (url: string, options: object) => Promise<{ body: Response }>;
  };

const byFetch = (load: () => Promise<unknown>) => async (headers: Headers) => {
  const response = await (await undici(load)).fetch(url(), { headers });
  await response.text();
};

const byRequest = (load: () => Promise<unknown>) => async (headers: Headers) => {
  const { body } = await (await undici(load)).request(url(), { headers: Object.entries(headers).flat() });
  await body.text();
};

const CLIENTS: Record<string, (headers: Headers) => Promise<void>> = {
  'node:http': byHttp,
  'node:http with an array': (headers) => byHttp(flat(headers)),
  'node:http with Expect': (headers) => byHttp({ ...headers, Expect: '100-continue' }),
  'the fetch of Node': byFetch(async () => globalThis),
  'fetch of undici 6': byFetch(() => import('undici6')),
  'fetch of undici 7': byFetch(() => import('undici7')),
  'fetch of undici 8': byFetch(() => import('undici')),
  'request of undici 6': byRequest(() => import('undici6')),
  'request of undici 7': byRequest(() => import('undici7')),
  'request of undici 8': byRequest(() => import('undici')),
  'node:http2': byHttp2,
  'node:http2 with an array': (headers) => byHttp2(Object.entries(headers).flat()),
  'grpc-js': byGrpc,
};

describe.each(Object.entries(CLIENTS))('%s', (_, send) => {
  const sendFrom = (headers: Headers) => context.with(around, () => send(headers));

  test('a request has one of each header without the help of the application', async () => {
    await sendFrom({ accept: '*/*' });

    expect(received['traceparent']).toEqual([OURS]);
    expect(received['baggage']).toEqual(['tenant=a,key1=ours']);
  });

  test('an own traceparent is replaced, whatever its spelling', async () => {
    await sendFrom({ Traceparent: THEIRS, tracestate: 'v=1' });

    expect(received['traceparent']).toEqual([OURS]);
    expect(received['tracestate'] ?? []).toHaveLength(1);
  });

  test('own baggage wins, with its properties; the members around it are added', async () => {
    await sendFrom({ Baggage: 'key1=value1;property1, key2 = value2;p=v' });

    expect(received['baggage']).toEqual(['key1=value1;property1, key2 = value2;p=v,tenant=a']);
  });

  test.each([
    [
      'AWS Signature 4',
      { authorization: 'AWS4-HMAC-SHA256 Credential=A/B, SignedHeaders=host;traceparent, Signature=1' },
    ],
    ['RFC 9421', { 'signature-input': 'sig1=("@method" "traceparent");created=1', signature: 'sig1=:AA==:' }],
    ['draft-cavage', { signature: 'keyId="a",headers="(request-target) traceparent",signature="AA=="' }],
  ])('a traceparent that %s covers is sent unchanged, with its tracestate', async (_name, signature) => {
    await sendFrom({ traceparent: THEIRS, tracestate: 'v=1', ...signature });

    expect(received['traceparent']).toEqual([THEIRS]);
    expect(received['tracestate']).toEqual(['v=1']);
    expect(received['baggage']).toEqual(['tenant=a,key1=ours']);
  });

  test('a signature that does not cover it does not keep a traceparent', async () => {
    await sendFrom({ traceparent: THEIRS, authorization: 'AWS4-HMAC-SHA256 SignedHeaders=host;x-amz-date' });

    expect(received['traceparent']).toEqual([OURS]);
  });
});

test('baggage that would become too long stays that of the application', async () => {
  const long = `key=${'x'.repeat(8_190)}`;
  await context.with(around, () => byHttp({ baggage: long }));

  expect(received['baggage']).toEqual([long]);
});
