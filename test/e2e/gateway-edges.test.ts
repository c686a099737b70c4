/**
 * The edges of the rules of google.api.http and ProtoJSON, which were written down before the gateway was tried with them.
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 * @see https://protobuf.dev/programming-guides/json/
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backend, startBackend } from '../../examples/gateway/conformance/backend.ts';
import { buildImage, type Gateways, type Options, startGateways } from '../support/gateway.js';

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

const body = (text: string | Buffer, type = 'application/json'): Options => ({
  headers: { 'content-type': type },
  body: text,
});

async function found(method: string, path: string, options?: Options): Promise<unknown> {
  const { status, json } = await gateways.json(method, path, options);
  expect([status, json]).toEqual([200, expect.anything()]);
  return json;
}

describe('a path', () => {
  test.each([
    // A variable of one segment: every percent-encoding is decoded, once.
    ['/v1/racks/a%2Fb%2fc', { name: 'a/b/c' }],
    ['/v1/racks/a%252Fb', { name: 'a%2Fb' }],
    ['/v1/racks/%25', { name: '%' }],
    ['/v1/racks/a%3Fb%23c', { name: 'a?b#c' }],
    ['/v1/racks/%E6%97%A5%F0%9F%93%9A', { name: '日📚' }],
    ["/v1/racks/!$&'()*+,;=@~-._", { name: "!$&'()*+,;=@~-._" }],
    ['/v1/racks/%00', { name: '\0' }],
    ['/v1/racks/..', { name: '..' }],
    ['/v1/racks/__proto__', { name: '__proto__' }],
    ['/v1/racks/a%20%2B', { name: 'a +' }],
    ['/v1/racks/7?', { name: '7' }],
    ['/v1/racks/7:unknown', { name: '7:unknown' }],
    ['/v1/racks/checkout', { name: 'checkout' }],
    // A variable of several: all but the slash.
    ['/v1/shelves/a%2fb', { name: 'shelves/a%2fb' }],
    ['/v1/shelves/%2F', { name: 'shelves/%2F' }],
    ['/v1/shelves/a%252Fb', { name: 'shelves/a%2Fb' }],
    ['/v1/shelves/a%3Fb', { name: 'shelves/a?b' }],
    ['/v1/shelves/1/books/a%2Fb', { name: 'shelves/1/books/a%2Fb' }],
    // `**` is zero segments or more.
    ['/v1/files', { path: '' }],
    ['/v1/files?version=2', { path: '', version: '2' }],
    ['/v1/files:archive', { path: '' }],
    ['/v1/files/:archive', { path: '' }],
    ['/v1/files/a//b', { path: 'a//b' }],
    ['/v1/files/a/', { path: 'a/' }],
    ['/v1/files/a%2Fb%20c', { path: 'a%2Fb c' }],
    ['/v1/files/%3Aarchive', { path: ':archive' }],
    ['/v1/archive/folders', { path: 'folders' }],
    ['/v1/archive/folders/', { path: 'folders/' }],
  ])('%s', async (path, expected) => {
    expect(await found('GET', path)).toMatchObject(expected);
  });

  test.each([
    ['/v1/racks/', 'an empty segment is no segment'],
    ['/v1/racks/7/', 'a slash at the end is a segment more'],
    ['/v1//racks/7', 'a slash twice is a segment more'],
    ['/v1/rooms//shelves/7', 'an empty segment is no segment'],
    ['/V1/racks/7', 'the case counts'],
    ['/v1/archive/foldersx', 'a segment is whole'],
    ['/v1/filesx', 'a segment is whole'],
  ])('%s is not found: %s', async (path) => {
    expect(await gateways.json('GET', path)).toMatchObject({ status: 404, json: { code: 5 } });
  });

  test.each(['/v1/racks/%zz', '/v1/racks/%f', '/v1/racks/%ff', '/v1/files/%C3', '/v1/racks/%ED%A0%80'])(
    '%s has a broken encoding',
    async (path) => {
      expect(await gateways.json('GET', path)).toMatchObject({ status: 400, json: { code: 3 } });
    },
  );

  test('may have its origin in front', async () => {
    expect(await found('GET', 'http://example.com/v1/racks/7?theme=x')).toEqual({ name: '7', theme: 'x' });
  });
});

describe('a query', () => {
  test.each([
    ['text=a&text=b', { text: 'b' }],
    ['text', { text: '' }],
    ['&&text=a&', { text: 'a' }],
    ['te%78t=a', { text: 'a' }],
    ['inner%2Etext=a', { inner: { text: 'a' } }],
    ['text=a=b', { text: 'a=b' }],
    ['text=a?b', { text: 'a?b' }],
    ['text=a;flag=true', { text: 'a;flag=true' }],
    ['text=%F0%9F%93%9A', { text: '📚' }],
    ['texts=a&inner.text=b&texts=c', { texts: ['a', 'c'], inner: { text: 'b' } }],
    ['texts=', { texts: [''] }],
    [
      'inner.text=a&inner.numbers=1&inner.inner.text=b',
      { inner: { text: 'a', numbers: [1], inner: { text: 'b' } } },
    ],
    ['colour=99', { colour: 99 }],
    ['colour=-1', { colour: -1 }],
    ['colours=COLOUR_RED&colours=99', { colours: ['COLOUR_RED', 99] }],
    ['int64=-9223372036854775808', { int64: '-9223372036854775808' }],
    ['int64=9223372036854775807', { int64: '9223372036854775807' }],
    ['number=NaN', { number: 'NaN' }],
    ['number=-Infinity', { number: '-Infinity' }],
    ['ratio=Infinity', { ratio: 'Infinity' }],
    ['number=-0.0', { number: 0 }],
    ['data=-_-_', { data: '+/+/' }],
    ['data=AQ', { data: 'AQ==' }],
    ['data=AQ%3D%3D', { data: 'AQ==' }],
    ['data=%2B%2F%2B%2F', { data: '+/+/' }],
    ['maybe_number=0', { maybeNumber: '0' }],
    ['maybe_text=', { maybeText: '' }],
    ['maybe_flag=false', { maybeFlag: false }],
    ['set=0', { set: 0 }],
    ['second=', { second: '' }],
    ['timestamp=2026-01-01T01:00:00%2B01:00', { timestamp: '2026-01-01T00:00:00Z' }],
    ['duration=-0.5s', { duration: '-0.500s' }],
    ['mask=int32,maybeText', { mask: 'int32,maybeText' }],
  ])('%s', async (query, expected) => {
    expect(await found('GET', `/types?${query}`)).toMatchObject(expected);
  });

  test.each([
    'flag',
    'flag=',
    'flag=TRUE',
    'flag=1',
    'int_32=',
    'int_32=%201',
    'int_32=0x10',
    'int64=9223372036854775808',
    'unsigned=-1',
    'number=0x10',
    'number=1.',
    'maybe_number=0x10',
    'data=+/+/',
    'maybe_data=a%20b',
    'number=1e400',
    'ratio=1e39',
    'number=',
    'data=AQI+',
    'data=*',
    'colour=',
    'colour=colour_red',
    'colour=2147483648',
    'texts[]=a',
    'text[0]=a',
    '=a',
    '.text=a',
    'inner.=a',
    'inner..text=a',
    'anything=x',
    'anything.fields=x',
    'counts.a=1',
    'counts[a]=1',
    'inners.text=a',
    'text=%zz',
    'text=%ff',
    '%ff=a',
    'timestamp=2026-01-01',
    'timestamp=10000-01-01T00:00:00Z',
    'maybe_number=x',
    'toString=a',
  ])('%s is refused', async (query) => {
    expect(await gateways.json('GET', `/types?${query}`)).toMatchObject({ status: 400, json: { code: 3 } });
  });

  test('does not reach what the path or the body has', async () => {
    expect(await found('GET', '/v1/racks/7?name=8&theme=x')).toEqual({ name: '7', theme: 'x' });
    const answer = await found(
      'POST',
      '/v1/books/2/author?name=3&author.country=x&shelf.theme=y&tags=a&tags=b',
      {
        ...body('{"name":"ann"}'),
      },
    );
    expect(answer).toMatchObject({
      name: '2',
      author: { name: 'ann', country: '' },
      shelf: { theme: 'y' },
      tags: ['a', 'b'],
    });
  });

  test('is none where the body is the whole message', async () => {
    expect(await found('POST', '/types?text=a&nope=b', body('{"flag":true}'))).toMatchObject({
      text: '',
      flag: true,
    });
  });
});

describe('a body', () => {
  test.each([
    ['nothing', '', {}],
    ['an empty object', '{}', {}],
    ['white space around', ' \n{"text":"a"}\t', { text: 'a' }],
    ['a byte order mark', '\ufeff{"text":"a"}', { text: 'a' }],
    ['an escape', '{"te\\u0078t":"\\ud83d\\udcda"}', { text: '📚' }],
    [
      'null for what is not set',
      '{"text":null,"inner":null,"texts":null,"first":null,"second":"x"}',
      { second: 'x' },
    ],
    ['a whole number as a fraction', '{"int32":1.0,"int64":1e3}', { int32: 1, int64: '1000' }],
    ['a number as a string', '{"int32":"5","number":"1e3"}', { int32: 5, number: 1000 }],
    ['the ends of int64', '{"int64":"-9223372036854775808"}', { int64: '-9223372036854775808' }],
    ['the end of uint64', '{"unsigned":"18446744073709551615"}', { unsigned: '18446744073709551615' }],
    ['an enum by an unknown number', '{"colour":99}', { colour: 99 }],
    ['base64 in the alphabet of URLs', '{"data":"-_-_"}', { data: '+/+/' }],
    ['base64 without padding', '{"data":"AQ"}', { data: 'AQ==' }],
    ['infinity', '{"number":"-Infinity","ratio":"NaN"}', { number: '-Infinity', ratio: 'NaN' }],
    ['a wrapper that is zero', '{"maybeNumber":"0","maybeText":""}', { maybeNumber: '0', maybeText: '' }],
    ['a key of JavaScript', '{"__proto__":{"text":"a"},"constructor":1}', { text: '' }],
    // A message that takes JSON of any shape is read as JavaScript does: there, clients send such numbers as strings.
    ['a large integer beside a struct', '{"int64":9007199254740993}', { int64: '9007199254740992' }],
    ['numbers in a struct', '{"anything":{"a":1e3}}', { anything: { a: 1000 } }],
  ])('of %s', async (_, text, expected) => {
    expect(await found('POST', '/types', body(text))).toMatchObject(expected);
  });

  test.each([
    ['white space alone', ' '],
    ['null', 'null'],
    ['a list', '[{}]'],
    ['two values', '{}{}'],
    ['a comma too many', '{"text":"a",}'],
    ['single quotes', "{'text':'a'}"],
    ['a comment', '{/**/}'],
    ['NaN that is no string', '{"number":NaN}'],
    ['the same key twice', '{"text":"a","text":"b"}'],
    ['one field by both of its names', '{"int_32":1,"int32":2}'],
    ['both of a oneof', '{"first":"a","second":"b"}'],
    ['null in a list', '{"texts":[null]}'],
    ['a number too large', '{"int32":2147483648}'],
    ['a float too large', '{"ratio":1e39}'],
    ['a double too large', '{"number":1e400}'],
    ['a fraction', '{"int32":1.5}'],
    ['an unsigned number below zero', '{"unsigned":"-1"}'],
    ['white space in a number', '{"int32":" 1"}'],
    ['a truth value as a number', '{"flag":1}'],
    ['a lone surrogate', '{"text":"\\ud83d"}'],
    ['objects in objects without end', `${'{"inner":'.repeat(100_000)}{}${'}'.repeat(100_000)}`],
  ])('of %s is refused', async (_, text) => {
    expect(await gateways.json('POST', '/types', body(text))).toMatchObject({
      status: 400,
      json: { code: 3 },
    });
  });

  test.each([
    ['more than its field', '{"name":"ann"},"pages":5'],
    ['a key twice', '{"name":"ann","name":"bob"}'],
    ['broken UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ])('of a field is refused if it has %s', async (_, text) => {
    const answer = await gateways.json('POST', '/v1/books/2/author', body(text));
    expect(answer).toMatchObject({ status: 400, json: { code: 3 } });
  });

  const LARGE = '9007199254740993';

  test.each([
    [`{"signed":${LARGE}}`, { signed: LARGE }],
    [
      `{"signed":-${LARGE},"unsigned":18446744073709551615}`,
      { signed: `-${LARGE}`, unsigned: '18446744073709551615' },
    ],
    [`{"many":[${LARGE},1],"named":{"a":-${LARGE}}}`, { many: [LARGE, '1'], named: { a: `-${LARGE}` } }],
    [`{"numbers":{"signed":${LARGE}}}`, { numbers: { signed: LARGE } }],
    [`{"fraction":100000000000000000000,"signed":${LARGE}}`, { fraction: 1e20, signed: LARGE }],
    [`{"text":"${LARGE}"}`, { text: LARGE }],
    [`{"text":"${LARGE}, \\"signed\\":1","unknown":${LARGE}}`, { text: `${LARGE}, "signed":1` }],
  ])('keeps integers exact: %s', async (text, expected) => {
    expect(await found('POST', '/types/numbers', body(text))).toMatchObject(expected);
    expect(await found('PUT', '/types/numbers', body(text))).toMatchObject({ numbers: expected });
  });

  test.each([
    `{"text":true,"signed":${LARGE}}`,
    `[${LARGE}]`,
    `{"signed":${LARGE}`,
    `{"signed":${LARGE},"signed":${LARGE}}`,
    '{"signed":9223372036854775808}',
    `{"unsigned":-${LARGE}}`,
  ])('with large integers is refused all the same: %s', async (text) => {
    for (const method of ['POST', 'PUT'])
      expect(await gateways.json(method, '/types/numbers', body(text))).toMatchObject({
        status: 400,
        json: { code: 3 },
      });
  });

  test('of broken UTF-8 is refused', async () => {
    const text = Buffer.concat([Buffer.from('{"text":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(await gateways.json('POST', '/types', body(text))).toMatchObject({
      status: 400,
      json: { code: 3 },
    });
  });

  test.each([
    'application/json; charset=utf-8',
    'application/json;charset="utf-8"',
    'APPLICATION/JSON',
    'application/vnd.acme+json; version=1',
    'text/plain',
  ])('of type %s is JSON', async (type) => {
    expect(await found('POST', '/types', body('{"text":"a"}', type))).toMatchObject({ text: 'a' });
  });

  test('without a type is JSON', async () => {
    expect(await found('POST', '/types', { body: '{"text":"a"}' })).toMatchObject({ text: 'a' });
  });

  test('of one field may be missing, a list or null', async () => {
    expect(await found('POST', '/v1/books/2/author')).toMatchObject({ name: '2' });
    expect(await found('PUT', '/v1/books/2/tags', body('[]'))).toEqual([]);
    expect(await found('PUT', '/v1/books/2/tags')).toEqual([]);
    expect(await found('PUT', '/v1/books/2/tags', body('null'))).toEqual([]);
  });

  test('is not read where the binding has none', async () => {
    for (const text of ['{"theme":"x"}', '{bad']) {
      const headers = { 'content-type': 'application/json', 'content-length': String(text.length) };
      expect(await found('GET', '/v1/racks/7', { headers, body: text })).toEqual({ name: '7', theme: '' });
    }
  });

  test('of any content keeps its type with all parameters, and has none of its own', async () => {
    const type = 'multipart/mixed; boundary="a; b"';
    const typed = await gateways.ask('POST', '/v1/upload', body('x', type));
    expect([typed.headers['content-type'], typed.body.toString()]).toEqual([type, 'x']);
    const untyped = await gateways.ask('POST', '/v1/upload', { body: 'x' });
    expect(untyped.headers['content-type']).toBe('application/octet-stream');
    const empty = await gateways.ask('POST', '/v1/upload', body('', 'image/png'));
    expect([empty.status, empty.headers['content-type'], empty.body.length]).toEqual([200, 'image/png', 0]);
  });
});

describe('a method', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'OPTIONS', 'PURGE'])('%s is among all', async (method) => {
    expect(await found(method, '/v1/anything/7')).toMatchObject({ name: '7' });
  });

  test('that is named goes before all', async () => {
    expect(await found('DELETE', '/v1/anything/7')).toMatchObject({ name: '', shelf: { name: '7' } });
  });

  test.each([
    ['HEAD', '/v1/racks/7', 'GET'],
    ['OPTIONS', '/v1/racks/7', 'GET'],
    ['PURGE', '/v1/racks/7', 'GET'],
    ['TRACE', '/types', 'GET, POST'],
  ])('%s of %s is not allowed', async (method, path, allow) => {
    const { status, headers } = await gateways.ask(method, path);
    expect([status, headers['allow']]).toEqual([405, allow]);
  });

  test('is not changed by a header', async () => {
    const headers = { 'x-http-method-override': 'GET' };
    expect((await gateways.ask('POST', '/v1/racks/7', { headers })).status).toBe(405);
  });
});

describe('an answer', () => {
  test('of one field that is not set is null', async () => {
    expect(await gateways.json('PATCH', '/v1/books/2', body('{}'))).toEqual({ status: 200, json: null });
  });

  test.each([
    ['text/html, application/xhtml+xml, */*;q=0.8', 'application/x-ndjson'],
    ['text/event-stream;q=0.1, application/x-ndjson;q=0.2', 'application/x-ndjson'],
    ['text/*', 'text/event-stream'],
    ['TEXT/EVENT-STREAM', 'text/event-stream'],
    ['text/event-stream;q=0', 'application/x-ndjson'],
    ['application/json', 'application/x-ndjson'],
    ['', 'application/x-ndjson'],
    ['not a type', 'application/x-ndjson'],
  ])('to who accepts %j is a stream of %s', async (accept, type) => {
    const { status, headers } = await gateways.ask('GET', '/v1/count/1', { headers: { accept } });
    expect([status, headers['content-type']]).toEqual([200, type]);
  });

  test('that the client has already is not sent again', async () => {
    const { etag } = (await gateways.ask('GET', '/v1/openapi.json')).headers;
    for (const known of [`${etag}`, `W/${etag}`, `"x", ${etag}`, '*']) {
      const answer = await gateways.ask('GET', '/v1/openapi.json', { headers: { 'if-none-match': known } });
      expect([known, answer.status, answer.body.length, answer.headers['etag']]).toEqual([
        known,
        304,
        0,
        etag,
      ]);
    }
    for (const other of ['"x"', `${etag}x`, '""']) {
      const answer = await gateways.ask('GET', '/v1/openapi.json', { headers: { 'if-none-match': other } });
      expect([other, answer.status]).toEqual([other, 200]);
    }
  });
});
