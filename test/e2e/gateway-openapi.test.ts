/** The descriptions that the gateway serves: valid, and true of what it does. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backend, startBackend } from '../../examples/gateway/conformance/backend.ts';
import type { App } from '../support/app.js';
import { type Answer, buildImage, EXAMPLE, type Gateways, send, startGateways } from '../support/gateway.js';
import { guardedConfig, startOrders } from '../support/guarded-gateway.js';
import { type OpenApi, operationsIn, type Place, type Schema, sample } from '../support/openapi.js';

const END = `
versions:
  v1: { deprecated: 2026-01-01, sunset: 2027-01-01 }
`;

let orders: App;
/** Answers each call with its request. */
let echo: Backend;
let gateways: Gateways;
let wide: Gateways;
let guarded: Gateways;
beforeAll(async () => {
  const image = buildImage([EXAMPLE]);
  orders = await startOrders(image);
  const config = join(mkdtempSync(join(tmpdir(), 'redhook-gateway-')), 'gateway.yaml');
  writeFileSync(config, END);
  gateways = await startGateways(image, orders.url, { args: ['--config', config] });
  const whole = buildImage();
  echo = await startBackend(whole);
  wide = await startGateways(whole, echo.address);
  guarded = await startGateways(image, orders.url, {
    args: ['--config', guardedConfig('http://127.0.0.1:1')],
  });
}, 90_000);
afterAll(async () => {
  await gateways?.stop();
  await wide?.stop();
  await guarded?.stop();
  echo?.close();
  await orders?.stop();
});

async function documentOf({ ask }: Gateways, version: string): Promise<OpenApi> {
  return JSON.parse((await ask('GET', `/${version}/openapi.json`)).body.toString());
}

describe.each([
  ['v1', () => gateways],
  ['v2', () => gateways],
  // Every shape of a binding and every type of a field.
  ['v1 with the conformance suite', () => wide],
  ['v1 with tokens', () => guarded],
])('the description of %s', (name, of) => {
  const version = name.slice(0, 2);

  test('is valid by its schema', async () => {
    const document = await documentOf(of(), version);
    const result = await new Validator().validate(document as never);
    expect([document.openapi, result.errors ?? []]).toEqual(['3.1.1', []]);
  });

  test('has no fault that redocly finds', async () => {
    const source = JSON.stringify(await documentOf(of(), version));
    const config = await createConfig({ extends: ['recommended'] });
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });
});

describe.each(['v1', 'v2'])('each operation of %s', (version) => {
  let document: OpenApi;
  let ajv: Ajv2020;
  beforeAll(async () => {
    document = await documentOf(gateways, version);
    ajv = new Ajv2020({ strict: false, allErrors: true, formats: FORMATS });
    ajv.addSchema(closed(document) as object, 'document');
  });

  test('takes what its schema allows, and answers what it says', async () => {
    const places = operationsIn(document);
    for (const place of places) {
      const { operationId } = place.operation;
      const answer = await call(place, await placeOrder());
      expect([operationId, answer.status]).toEqual([operationId, 200]);
      const type = String(answer.headers['content-type']).split(';', 1)[0] as string;
      const messages = answer.body.toString().trimEnd().split('\n');
      const schema = validatorOf(place, '200', type);
      for (const message of messages) {
        schema(JSON.parse(message));
        expect([operationId, schema.errors ?? []]).toEqual([operationId, []]);
      }
    }
    expect(places.length).toBeGreaterThan(1);
  });

  test('answers an error as it says', async () => {
    for (const place of operationsIn(document).filter(({ path }) => /\{(id|name)\}/.test(path))) {
      const answer = await call(place, 'nobody');
      expect([place.operation.operationId, answer.status]).toEqual([place.operation.operationId, 404]);
      const schema = validatorOf(place, 'default', 'application/json');
      expect([schema(JSON.parse(answer.body.toString())), schema.errors]).toEqual([true, null]);
    }
  });

  /** The id of a new order. */
  async function placeOrder(): Promise<string> {
    const { body } = await send(gateways.bare.url, 'POST', '/v1/orders', { body: '{"customer":"ann"}' });
    return JSON.parse(body.toString()).id;
  }

  /** Sends a request that is made from the schemas alone, but for the id of an order. */
  async function call({ path, method, operation }: Place, id: string): Promise<Answer> {
    const value = (name: string, schema: Schema): string =>
      ['id', 'name'].includes(name) ? id : String([sample(schema, document)].flat()[0]);
    const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
      encodeURIComponent(value(name, { type: 'string' })),
    );
    const query = operation.parameters
      .filter((each) => each.in === 'query')
      .map(({ name, schema }) => `${name}=${encodeURIComponent(value(name, schema))}`);
    const url = query.length === 0 ? filled : `${filled}?${query.join('&')}`;
    const content = operation.requestBody?.content['application/json'];
    if (content === undefined) return send(gateways.bare.url, method.toUpperCase(), url);
    const body = JSON.stringify(sample(content.schema, document));
    const headers = { 'content-type': 'application/json' };
    return send(gateways.bare.url, method.toUpperCase(), url, { headers, body });
  }

  function validatorOf({ path, method }: Place, status: string, type: string): ValidateFunction {
    const pointer = ['paths', path, method, 'responses', status, 'content', type, 'schema']
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    return ajv.compile({ $ref: `document#/${pointer}` });
  }
});

const INTEGER = /^-?\d{1,20}$/;
const FORMATS = {
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/,
  int32: true,
  uint32: true,
  int64: INTEGER,
  uint64: INTEGER,
} as const;

/** The document, with objects that have no other properties than those that it names. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, closed(each)]));
  const isClosed = copy['type'] === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return isClosed ? { ...copy, additionalProperties: false } : copy;
}

describe('values of every type are as described', () => {
  test.each([
    [{}],
    [{ flag: true, int32: -1, int64: '-9223372036854775808', unsigned: '18446744073709551615' }],
    [{ number: 'NaN', ratio: '-Infinity', maybeRatio: 'Infinity' }],
    [{ number: 1.5e300, ratio: 0.5, maybeRatio: 0 }],
    [{ data: '-_8', maybeData: '' }],
    [{ colour: 'COLOUR_RED', colours: ['COLOUR_BLUE'] }],
    [{ inner: { inner: { numbers: [1] } }, inners: [{}], counts: { a: 1 } }],
    [{ timestamp: '2026-01-01T00:00:00.000000001Z', duration: '-0.000000001s', mask: 'int32,maybeText' }],
    [{ maybeNumber: '1', maybeFlag: false, maybeText: '' }],
    [{ anything: { a: [1, null, true, 'x', {}] } }],
    [{ first: 'a', other: 'b', set: 0 }],
  ])('%j', async (value) => {
    const document = await documentOf(wide, 'v1');
    const ajv = new Ajv2020({ strict: false, allErrors: true, formats: FORMATS });
    ajv.addSchema(closed(document) as object, 'document');
    const schema = ajv.compile({ $ref: 'document#/components/schemas/conformance.types.v1.Everything' });
    const answer = await wide.json('POST', '/types', { body: JSON.stringify(value) });
    expect([answer.status, schema(value), schema.errors]).toEqual([200, true, null]);
    expect([schema(answer.json), schema.errors]).toEqual([true, null]);
  });
});

describe('a version that ends', () => {
  const END_HEADERS = { deprecation: '@1767225600', sunset: 'Fri, 01 Jan 2027 00:00:00 GMT' };

  test.each([
    ['GET', '/v1/orders', 200],
    ['GET', '/v1/orders/nobody', 404],
    ['GET', '/v1/orders?nope=1', 400],
    ['POST', '/v1/orders', 400],
    ['GET', '/v1/openapi.json', 200],
  ])('says so with %s %s', async (method, path, status) => {
    const { headers, ...answer } = await gateways.ask(method, path);
    expect(answer.status).toBe(status);
    expect(headers).toMatchObject(END_HEADERS);
  });

  test('says so with a stream', async () => {
    const { bare } = gateways;
    const placed = await send(bare.url, 'POST', '/v1/orders', { body: '{"customer":"ann"}' });
    const { id } = JSON.parse(placed.body.toString());
    for (const app of [gateways.bare, gateways.flagged]) {
      const { headers } = await send(app.url, 'GET', `/v1/orders/${id}:watch`);
      expect(headers).toMatchObject(END_HEADERS);
    }
  });

  test('says nothing for another version', async () => {
    const { headers } = await gateways.ask('GET', '/v2/openapi.json');
    expect(Object.keys(headers)).not.toContain('deprecation');
    expect(Object.keys(headers)).not.toContain('sunset');
  });
});
