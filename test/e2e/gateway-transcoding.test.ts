/**
 * The rules of google.api.http and ProtoJSON, each with its case, over a real socket: by the gateway alone and under
 * Redhook, whose answers are the same byte for byte.
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backend, startBackend } from '../../examples/gateway/conformance/backend.ts';
import { buildImage, type Gateways, send, startGateways } from '../support/gateway.js';

let backend: Backend;
let gateways: Gateways;
beforeAll(async () => {
  const image = buildImage();
  backend = await startBackend(image);
  gateways = await startGateways(image, backend.address);
});
afterAll(async () => {
  await gateways?.stop();
  backend?.close();
});

const ask: Gateways['ask'] = (...request) => gateways.ask(...request);
const json: Gateways['json'] = (...request) => gateways.json(...request);

/** What a message has that is not the default of its field. */
function set(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(set);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, each]) => [key, set(each)] as const)
    .filter(([, each]) => !['', 0, false, '0', 'COLOUR_UNSPECIFIED', null, undefined].includes(each as never))
    .filter(([, each]) => !(Array.isArray(each) && each.length === 0))
    .filter(([key, each]) => key === 'inner' || JSON.stringify(each) !== '{}');
  return Object.fromEntries(entries);
}

type Case = readonly [method: string, path: string, body: unknown, expected: unknown];

const PATHS: Case[] = [
  ['GET', '/v1/shelves/7', undefined, { name: 'shelves/7' }],
  ['GET', '/v1/shelves/a%20b', undefined, { name: 'shelves/a b' }],
  ['GET', '/v1/shelves/a%2Fb', undefined, { name: 'shelves/a%2Fb' }],
  ['GET', '/v1/shelves/%C3%A4', undefined, { name: 'shelves/ä' }],
  ['GET', '/v1/shelves/a+b', undefined, { name: 'shelves/a+b' }],
  ['GET', '/v1/shelves/a:b', undefined, { name: 'shelves/a:b' }],
  ['GET', '/v1/shelves/a%3Ab', undefined, { name: 'shelves/a:b' }],
  ['GET', '/v1/racks/a%2Fb', undefined, { name: 'a/b' }],
  ['GET', '/v1/racks/a%2fb', undefined, { name: 'a/b' }],
  ['GET', '/v1/rooms/dark/shelves/7', undefined, { name: 'shelves/7', theme: 'dark' }],
  ['GET', '/v1/shelves/1/books/2', undefined, { name: 'shelves/1/books/2' }],
  ['GET', '/v1/authors/ann/books/2', undefined, { name: '2', author: { name: 'ann' } }],
  ['GET', '/v1/files/a', undefined, { path: 'a' }],
  ['GET', '/v1/files/a/b/c', undefined, { path: 'a/b/c' }],
  ['GET', '/v1/files/a%20b/c%2Fd', undefined, { path: 'a b/c%2Fd' }],
  ['GET', '/v1/files/', undefined, {}],
  ['GET', '/v1/archive/folders/x/y', undefined, { path: 'folders/x/y' }],
  ['GET', '/v1/files/a/b:archive', undefined, { path: 'a/b' }],
  ['GET', '/v1/files/a/b%3Aarchive', undefined, { path: 'a/b:archive' }],
  ['GET', '/v1/any/thing/of/x', undefined, { path: 'x' }],
  ['GET', '/v1/files/a?version=3', undefined, { path: 'a', version: '3' }],
];

const BODIES: Case[] = [
  [
    'POST',
    '/v1/shelves/7/books',
    { name: 'n', pages: 3 },
    { name: 'n', pages: 3, shelf: { name: 'shelves/7' } },
  ],
  [
    'POST',
    '/v1/shelves/7/books',
    { shelf: { name: 'x', theme: 't' } },
    { shelf: { name: 'shelves/7', theme: 't' } },
  ],
  ['POST', '/v1/shelves/7/books', undefined, { shelf: { name: 'shelves/7' } }],
  ['POST', '/v1/shelves/7/books', { unknown: 1, name: 'n' }, { name: 'n', shelf: { name: 'shelves/7' } }],
  ['POST', '/v1/books/2/author', { name: 'ann' }, { name: '2', author: { name: 'ann' } }],
  ['POST', '/v1/books/2/author?pages=4', { name: 'ann' }, { name: '2', author: { name: 'ann' }, pages: 4 }],
  ['PUT', '/v1/books/2/tags', ['a', 'b'], ['a', 'b']],
  ['PATCH', '/v1/books/2', { author: { name: 'ann' } }, { name: 'ann' }],
  ['DELETE', '/v1/books/2', undefined, {}],
  ['POST', '/v1/books/2:checkout', { pages: 1 }, { name: 'books/2', pages: 1 }],
  ['POST', '/v1/books:checkout', undefined, {}],
  ['POST', '/v1/books:checkout?name=x', undefined, { name: 'x' }],
  ['PURGE', '/v1/books/2', undefined, { name: 'books/2' }],
  ['POST', '/types', { int64: '9007199254740993', int_32: 4 }, { int64: '9007199254740993', int32: 4 }],
  ['POST', '/types', { int64: 12, number: '1.5' }, { int64: '12', number: 1.5 }],
  ['POST', '/types', { colour: 'COLOUR_RED' }, { colour: 'COLOUR_RED' }],
  ['POST', '/types', { colour: 2 }, { colour: 'COLOUR_BLUE' }],
  ['POST', '/types', { data: 'AQID' }, { data: 'AQID' }],
  ['POST', '/types', { data: 'AQI_' }, { data: 'AQI/' }],
  ['POST', '/types', { counts: { a: 1 } }, { counts: { a: 1 } }],
  ['POST', '/types', { anything: { a: [1, null, 'x'] } }, { anything: { a: [1, null, 'x'] } }],
  ['POST', '/types', { first: 'x' }, { first: 'x' }],
  ['POST', '/types', { other: 'x' }, { other: 'x' }],
  ['POST', '/types', { renamed_field: 'x' }, { other: 'x' }],
  ['POST', '/types', { number: 'NaN' }, { number: 'NaN' }],
  ['POST', '/types', { inner: { inner: { text: 'x' } } }, { inner: { inner: { text: 'x' } } }],
  ['POST', '/types', { timestamp: '2026-01-01T00:00:00Z' }, { timestamp: '2026-01-01T00:00:00Z' }],
  ['POST', '/types', { duration: '1.5s' }, { duration: '1.500s' }],
  ['POST', '/types', { mask: 'text,inner.text' }, { mask: 'text,inner.text' }],
];

const QUERIES: Case[] = [
  ['text=a', { text: 'a' }],
  ['text=a%20b%26', { text: 'a b&' }],
  ['text=a+b', { text: 'a b' }],
  ['text=1', { text: '1' }],
  ['flag=true', { flag: true }],
  ['int_32=-5', { int32: -5 }],
  ['int32=-5', { int32: -5 }],
  ['int64=9007199254740993', { int64: '9007199254740993' }],
  ['unsigned=18446744073709551615', { unsigned: '18446744073709551615' }],
  ['number=1.5e3', { number: 1500 }],
  ['ratio=0.5', { ratio: 0.5 }],
  ['number=Infinity', { number: 'Infinity' }],
  ['data=AQID', { data: 'AQID' }],
  ['colour=COLOUR_BLUE', { colour: 'COLOUR_BLUE' }],
  ['colour=1', { colour: 'COLOUR_RED' }],
  ['colours=1&colours=COLOUR_BLUE', { colours: ['COLOUR_RED', 'COLOUR_BLUE'] }],
  ['texts=b&texts=a', { texts: ['b', 'a'] }],
  ['texts=a,b', { texts: ['a,b'] }],
  ['inner.text=x', { inner: { text: 'x' } }],
  ['inner.inner.text=x', { inner: { inner: { text: 'x' } } }],
  ['inner.numbers=1&inner.numbers=2', { inner: { numbers: [1, 2] } }],
  ['timestamp=2026-01-01T00:00:00Z', { timestamp: '2026-01-01T00:00:00Z' }],
  ['duration=3s', { duration: '3s' }],
  ['mask=text,inner.text', { mask: 'text,inner.text' }],
  ['maybe_number=7', { maybeNumber: '7' }],
  ['maybeFlag=true', { maybeFlag: true }],
  ['maybe_text=x', { maybeText: 'x' }],
  ['maybe_ratio=2.5', { maybeRatio: 2.5 }],
  ['maybe_data=AQID', { maybeData: 'AQID' }],
  ['first=x', { first: 'x' }],
  ['other=x', { other: 'x' }],
  ['renamed_field=x', { other: 'x' }],
  ['set=3', { set: 3 }],
  ['', {}],
].map(([query, expected]): Case => ['GET', `/types?${query}`, undefined, expected]);

const TYPED_PATHS: Case[] = [
  ['GET', '/types/numbers/9007199254740993', undefined, { int64: '9007199254740993' }],
  ['GET', '/types/colours/COLOUR_RED', undefined, { colour: 'COLOUR_RED' }],
  ['GET', '/types/colours/2', undefined, { colour: 'COLOUR_BLUE' }],
  ['GET', '/types/at/2026-01-01T00:00:00Z', undefined, { timestamp: '2026-01-01T00:00:00Z' }],
  ['GET', '/types/flags/true', undefined, { flag: true }],
  ['GET', '/types/numbers/5?text=x', undefined, { int64: '5', text: 'x' }],
];

test.each([...PATHS, ...BODIES, ...QUERIES, ...TYPED_PATHS])(
  '%s %s %j',
  async (method, path, body, expected) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const options = body === undefined ? { headers } : { headers, body: JSON.stringify(body) };
    const answer = await json(method, path, options);
    expect(answer.status).toBe(200);
    expect(set(answer.json)).toEqual(expected);
  },
);

test('the answer of HEAD has no body', async () => {
  const answer = await ask('HEAD', '/v1/books/2');
  expect([answer.status, answer.body.length]).toEqual([200, 0]);
});

test('fields with their default are in the answer', async () => {
  expect((await json('GET', '/v1/shelves/7')).json).toEqual({ name: 'shelves/7', theme: '' });
});

test.each([
  ['GET', '/nope', 404, 5, undefined],
  ['GET', '/v1/shelves', 404, 5, undefined],
  ['GET', '/v1/shelves/1/2', 404, 5, undefined],
  ['GET', '/v1/shelves/', 404, 5, undefined],
  ['GET', '/v1/shelves/%', 400, 3, undefined],
  ['GET', '/v1/any/thing/else/x', 404, 5, undefined],
  ['DELETE', '/v1/shelves/7', 405, 12, 'GET'],
  ['GET', '/v1/books/2:checkout', 405, 12, 'POST'],
  ['POST', '/v1/books/2', 405, 12, 'PATCH, DELETE, HEAD, PURGE'],
  ['DELETE', '/v1/books/2:checkout', 405, 12, 'POST'],
  ['PUT', '/types', 405, 12, 'GET, POST'],
  ['GET', '/conformance.library.v1.Library/Unbound', 404, 5, undefined],
])('%s %s is refused: %i', async (method, path, status, code, allow) => {
  const answer = await ask(method, path);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body.toString())).toMatchObject({ code, message: expect.any(String) });
  expect(answer.headers['allow']).toBe(allow);
});

test.each([
  ['GET', '/types?nope=1', undefined, 'there is no field "nope"'],
  ['GET', '/types?inner.nope=1', undefined, 'there is no field "inner.nope"'],
  ['GET', '/types?text.x=1', undefined, 'there is no field "text.x"'],
  ['GET', '/types?__proto__=1', undefined, 'there is no field "__proto__"'],
  ['GET', '/types?constructor.prototype.x=1', undefined, 'there is no field'],
  ['GET', '/types?inner=x', undefined, '"inner" cannot be set'],
  ['GET', '/types?counts=x', undefined, '"counts" cannot be set'],
  ['GET', '/types?inners.text=x', undefined, 'there is no field'],
  ['GET', '/types?int_32=x', undefined, 'int_32'],
  ['GET', '/types?int_32=1.5', undefined, 'int_32'],
  ['GET', '/types?int_32=4294967296', undefined, 'int_32'],
  ['GET', '/types?flag=yes', undefined, 'flag'],
  ['GET', '/types?colour=COLOUR_GREEN', undefined, 'COLOUR_GREEN'],
  ['GET', '/types?timestamp=yesterday', undefined, 'Timestamp'],
  ['GET', '/types?duration=3', undefined, 'Duration'],
  ['GET', '/types/numbers/x', undefined, 'int_64'],
  ['GET', '/types/flags/1', undefined, 'flag'],
  ['GET', '/types?first=a&second=b', undefined, ''],
  ['POST', '/types', '{bad', ''],
  ['POST', '/types', '[]', ''],
  ['POST', '/types', '"x"', ''],
  ['POST', '/types', '{"int_32":"x"}', 'int_32'],
  ['POST', '/types', '{"text":7}', 'text'],
  ['POST', '/types', '{"flag":"true"}', 'flag'],
  ['POST', '/v1/books/2/author', '[1]', ''],
  ['PUT', '/v1/books/2/tags', '"a"', ''],
])('%s %s %j is no valid request', async (method, path, body, message) => {
  const options = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body };
  const answer = await json(method, path, options);
  expect(answer).toMatchObject({ status: 400, json: { code: 3, message: expect.stringContaining(message) } });
});

test.each([
  [1, 499],
  [2, 500],
  [3, 400],
  [4, 504],
  [5, 404],
  [6, 409],
  [7, 403],
  [8, 429],
  [9, 400],
  [10, 409],
  [11, 400],
  [12, 501],
  [13, 500],
  [14, 503],
  [15, 500],
  [16, 401],
])('the code %i of gRPC is the status %i', async (code, status) => {
  expect(await json('GET', `/v1/fail/${code}`)).toEqual({ status, json: { code, message: `code ${code}` } });
});

test('the details of an error are in the answer', async () => {
  expect(await json('GET', '/v1/fail/9?with_details=true')).toEqual({
    status: 400,
    json: {
      code: 9,
      message: 'code 9',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'TESTED', domain: 'example.com' },
      ],
    },
  });
});

describe('bodies as they are', () => {
  const IMAGE = Buffer.from([0, 255, 128, 10]);

  test.each([
    ['POST', '/v1/upload'],
    ['POST', '/v1/uploads/7'],
  ])('%s %s takes and gives any content', async (method, path) => {
    const answer = await ask(method, path, { headers: { 'content-type': 'image/png' }, body: IMAGE });
    expect(answer).toMatchObject({ status: 200, body: IMAGE });
    expect(answer.headers['content-type']).toBe('image/png');
  });

  test('protobuf passes without a look, with fields that nobody knows', async () => {
    // text = "a", and field 1000 of which the proto says nothing.
    const bytes = Buffer.from([0x0a, 0x01, 0x61, 0xc0, 0x3e, 0x07]);
    const type = 'application/x-protobuf';
    const answer = await ask('POST', '/types', {
      headers: { 'content-type': type, accept: type },
      body: bytes,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body.subarray(0, 3)).toEqual(bytes.subarray(0, 3));
  });

  test('protobuf that is broken is refused', async () => {
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await json('POST', '/v1/shelves/7/books', { headers, body: Buffer.from([0xff, 0xff]) });
    expect(answer).toMatchObject({ status: 400, json: { code: 3 } });
  });
});

describe('streams', () => {
  test('are lines of JSON', async () => {
    const { status, headers, body } = await ask('GET', '/v1/count/3');
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson']);
    expect(body.toString()).toBe([1, 2, 3].map((n) => `{"result":{"n":${n},"padding":""}}\n`).join(''));
  });

  test('are events where the client accepts them', async () => {
    const { headers, body } = await ask('GET', '/v1/count/2', { headers: { accept: 'text/event-stream' } });
    expect(headers['content-type']).toBe('text/event-stream');
    expect(body.toString()).toBe('data: {"n":1,"padding":""}\n\ndata: {"n":2,"padding":""}\n\n');
  });

  test('without messages are empty', async () => {
    expect(await ask('GET', '/v1/count/0')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  test('that fail at once are a plain error', async () => {
    expect(await json('GET', '/v1/count/3?fail_at=1')).toEqual({
      status: 409,
      json: { code: 10, message: 'code 10' },
    });
  });

  test('that fail later end with the error', async () => {
    const { status, body } = await ask('GET', '/v1/count/3?fail_at=3');
    expect(status).toBe(200);
    expect(body.toString().trim().split('\n').at(-1)).toBe('{"error":{"code":10,"message":"code 10"}}');
    const events = await ask('GET', '/v1/count/3?fail_at=2', { headers: { accept: 'text/event-stream' } });
    expect(events.body.toString()).toContain('event: error\ndata: {"code":10,"message":"code 10"}\n\n');
  });
});

describe('what reaches the backend', () => {
  async function inspect(
    headers: Record<string, string>,
  ): Promise<{ metadata: Record<string, string>; leftMs: number }> {
    const { body } = await send(gateways.bare.url, 'GET', '/v1/inspect', { headers });
    return JSON.parse(body.toString());
  }

  test('of the headers, those that are allowed', async () => {
    const { metadata } = await inspect({ 'x-request-id': 'r', cookie: 'secret', authorization: 'Bearer x' });
    expect(metadata).toMatchObject({ 'x-request-id': 'r' });
    expect(Object.keys(metadata)).not.toContain('cookie');
    expect(Object.keys(metadata)).not.toContain('authorization');
  });

  test.each([
    [{}, 10_000, 15_000],
    [{ 'grpc-timeout': '2S' }, 0, 2_000],
    [{ 'grpc-timeout': '500m' }, 0, 500],
    [{ 'grpc-timeout': '99999999H' }, 10_000, 15_000],
  ])('with %j it has between %i and %i ms', async (headers, least, most) => {
    const { leftMs } = await inspect(headers as Record<string, string>);
    expect(leftMs).toBeGreaterThan(least);
    expect(leftMs).toBeLessThanOrEqual(most);
  });

  test.each(['', '5', 'S', '123456789S', '-1S', '1x'])(
    'a Grpc-Timeout of "%s" is refused',
    async (timeout) => {
      const answer = await json('GET', '/v1/inspect', { headers: { 'grpc-timeout': timeout } });
      expect(answer).toMatchObject({ status: 400, json: { code: 3 } });
    },
  );
});
