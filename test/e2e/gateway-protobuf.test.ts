/** Bytes of protobuf that pass the gateway without being decoded. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backend, startBackend } from '../../examples/gateway/conformance/backend.ts';
import { buildImage, type Gateways, startGateways } from '../support/gateway.js';
import { startRawBackend } from '../support/raw-backend.js';

const PROTOBUF = 'application/x-protobuf';

let image: string;
beforeAll(() => {
  image = buildImage();
});

describe('a message', () => {
  /** Answers the bytes of the request. */
  let echo: Awaited<ReturnType<typeof startRawBackend>>;
  let gateways: Gateways;
  beforeAll(async () => {
    echo = await startRawBackend((stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.concat(chunks));
      });
    });
    gateways = await startGateways(image, echo.address);
  });
  afterAll(async () => {
    await gateways?.stop();
    await echo?.close();
  });

  // Random bytes are no valid message, so a gateway that looks at them would refuse or change them.
  test.each([0, 1, 200, 70_000, 1_000_000])(
    'of %i random bytes passes as it is, there and back',
    async (size) => {
      const body = randomBytes(size);
      const answer = await gateways.ask('POST', '/types', {
        headers: { 'content-type': PROTOBUF, accept: PROTOBUF },
        body,
      });
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe(PROTOBUF);
      expect(answer.body.equals(body)).toBe(true);
    },
  );

  test.each(['application/X-Protobuf', `${PROTOBUF}; charset=binary`])(
    'of type %s is one too',
    async (type) => {
      const body = randomBytes(100);
      const answer = await gateways.ask('POST', '/types', {
        headers: { 'content-type': type, accept: PROTOBUF },
        body,
      });
      expect(answer.body.equals(body)).toBe(true);
    },
  );

  test('of a type that only begins alike is JSON, which it must be', async () => {
    const answer = await gateways.json('POST', '/types', {
      headers: { 'content-type': `${PROTOBUF}-text` },
      body: randomBytes(100),
    });
    expect(answer).toMatchObject({ status: 400, json: { code: 3 } });
  });

  test.each([
    [`${PROTOBUF};q=0.5, application/json`, 'application/json'],
    [`application/json;q=0.5, ${PROTOBUF}`, PROTOBUF],
    [`${PROTOBUF};q=0`, 'application/json'],
    ['*/*', 'application/json'],
    ['text/html', 'application/json'],
    ['application/*;q=0.1', 'application/json'],
  ])('is answered to who accepts %s as %s', async (accept, type) => {
    const body = Buffer.from([0x0a, 1, 0x61]);
    const answer = await gateways.ask('POST', '/types', {
      headers: { 'content-type': PROTOBUF, accept },
      body,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(type);
  });
});

describe('a stream', () => {
  let backend: Backend;
  let gateways: Gateways;
  beforeAll(async () => {
    backend = await startBackend(image);
    gateways = await startGateways(image, backend.address);
  });
  afterAll(async () => {
    await gateways?.stop();
    backend?.close();
  });

  interface Frame {
    readonly flags: number;
    readonly bytes: Buffer;
  }

  function framesIn(body: Buffer): Frame[] {
    const frames: Frame[] = [];
    for (let at = 0; at < body.length; ) {
      const length = body.readUInt32BE(at + 1);
      frames.push({ flags: body.readUInt8(at), bytes: body.subarray(at + 5, at + 5 + length) });
      at += 5 + length;
    }
    return frames;
  }

  const accepted = { headers: { accept: PROTOBUF } };

  test('is each message behind its length, and the status', async () => {
    const { status, headers, body } = await gateways.ask('GET', '/v1/count/2?size=1', accepted);
    expect([status, headers['content-type']]).toEqual([200, PROTOBUF]);
    expect(framesIn(body)).toEqual([
      { flags: 0, bytes: Buffer.from([0x08, 1, 0x12, 1, 0x78]) },
      { flags: 0, bytes: Buffer.from([0x08, 2, 0x12, 1, 0x78]) },
      { flags: 0x80, bytes: Buffer.from('grpc-status: 0\r\n') },
    ]);
  });

  test('without messages is the status alone', async () => {
    const { body } = await gateways.ask('GET', '/v1/count/0', accepted);
    expect(framesIn(body)).toEqual([{ flags: 0x80, bytes: Buffer.from('grpc-status: 0\r\n') }]);
  });

  test('that fails says so in its status', async () => {
    const { body } = await gateways.ask('GET', '/v1/count/3?fail_at=2', accepted);
    expect(framesIn(body).at(-1)).toEqual({
      flags: 0x80,
      bytes: Buffer.from('grpc-status: 10\r\ngrpc-message: code%2010\r\n'),
    });
  });

  test('of one field is lines of JSON, because a field is no message', async () => {
    const { headers, body } = await gateways.ask('GET', '/v1/numbers/2', accepted);
    expect(headers['content-type']).toBe('application/x-ndjson');
    expect(body.toString()).toBe('{"result":1}\n{"result":2}\n');
  });

  test('of any content is that content', async () => {
    const { headers, body } = await gateways.ask('GET', '/v1/downloads/3', accepted);
    expect(headers['content-type']).toBe('text/plain');
    expect(body.toString()).toBe('1\n2\n3\n');
  });

  test('of any content that fails is cut off, so that it does not look whole', async () => {
    await expect(gateways.ask('GET', '/v1/downloads/3?fail_at=2')).rejects.toThrow('aborted');
  });
});
