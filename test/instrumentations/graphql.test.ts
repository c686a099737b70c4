import type { RequestListener, Server } from 'node:http';
import { createRequire } from 'node:module';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphql as instrumentation } from '../../src/instrumentations/graphql.js';
import { httpServer } from '../../src/instrumentations/http-server.js';
import { HTTP_SERVER } from '../../src/semconv/http.js';
import { record } from '../support/recorder.js';
import { serve, urlOf } from '../support/routes.js';

const recorder = record(httpServer, instrumentation);

// Loaded only now, after Redhook.
const { ApolloServer, HeaderMap } = await import('@apollo/server');
const { default: fastify } = await import('fastify');
// As Node does. Vite would take another copy, of real ES modules.
const graphql16: typeof import('graphql') = createRequire(import.meta.url)('graphql');
const graphql17 = await import('graphql17');
const { createHandler } = await import('graphql-http/lib/use/http');
const { createSchema, createYoga } = await import('graphql-yoga');
const { default: mercurius } = await import('mercurius');

const typeDefs = `
  type Query { order(id: ID): String, broken: String, refused: String }
  type Mutation { pay(id: ID): String }
  type Subscription { count: Int }
`;
const resolvers = {
  Query: {
    order: async () => 'book',
    broken: async () => {
      throw new RangeError('disk');
    },
    refused: () => {
      throw new graphql16.GraphQLError('not yours');
    },
  },
  Mutation: { pay: () => 'paid' },
};
const rootValue = { ...resolvers.Query, ...resolvers.Mutation };

interface Params {
  readonly query: string;
  readonly operationName?: string;
}

/** A server that passes on what arrives, as applications write it by hand. */
function handMade(answer: (params: Params) => unknown): RequestListener {
  return (request, response) => {
    json(request)
      .then((params) => answer(params as Params))
      .then((result) => response.end(JSON.stringify(result)));
  };
}

const LISTENERS: Record<string, () => RequestListener | Promise<RequestListener>> = {
  'graphql 16': () => {
    const schema = graphql16.buildSchema(typeDefs);
    return handMade(({ query, operationName }) =>
      graphql16.graphql({ schema, source: query, rootValue, operationName: operationName ?? null }),
    );
  },
  'graphql 17': () => {
    const schema = graphql17.buildSchema(typeDefs);
    return handMade(({ query, operationName }) =>
      graphql17.graphql({
        schema,
        source: query,
        operationName: operationName ?? null,
        rootValue: {
          ...rootValue,
          refused: () => {
            throw new graphql17.GraphQLError('not yours');
          },
        },
      }),
    );
  },
  'Apollo Server': async () => {
    const server = new ApolloServer({ typeDefs, resolvers, allowBatchedHttpRequests: true });
    await server.start();
    return async (request, response) => {
      const headers = new HeaderMap(Object.entries(request.headers) as [string, string][]);
      const httpGraphQLRequest = { method: 'POST', headers, search: '', body: await json(request) };
      const { body, status } = await server.executeHTTPGraphQLRequest({
        httpGraphQLRequest,
        context: async () => ({}),
      });
      response.statusCode = status ?? 200;
      response.end(body.kind === 'complete' ? body.string : undefined);
    };
  },
  'graphql-http': () => createHandler({ schema: graphql16.buildSchema(typeDefs), rootValue }),
  'graphql-yoga': () =>
    createYoga({
      logging: false,
      batching: true,
      schema: createSchema({
        typeDefs,
        resolvers: {
          ...resolvers,
          Subscription: {
            count: {
              async *subscribe() {
                yield { count: 1 };
                yield { count: 2 };
              },
            },
          },
        },
      }),
    }),
  mercurius: async () => {
    const app = fastify();
    app.register(mercurius, { schema: typeDefs, resolvers, allowBatchedQueries: true });
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
};

async function post(server: Server, body: unknown, headers = {}): Promise<string> {
  const response = await fetch(`${urlOf(server)}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return response.text();
}

async function operationOf(): Promise<unknown[]> {
  const [call] = await recorder.take(1);
  return ['graphql.operation.type', 'graphql.operation.name', 'error.type'].map(
    (name) => call?.attributes[name],
  );
}

describe.each(Object.entries(LISTENERS))('%s', (name, listen) => {
  let server: Server;
  beforeAll(async () => {
    server = await serve(await listen());
  });
  afterAll(() => void server.close());

  test('the request has the name and the type of its operation', async () => {
    expect(JSON.parse(await post(server, { query: 'query Order { order(id: 7) }' }))).toMatchObject({
      data: { order: 'book' },
    });
    expect(await operationOf()).toEqual(['query', 'Order', undefined]);
    await post(server, { query: 'query A { order } mutation Pay { pay }', operationName: 'Pay' });
    expect(await operationOf()).toEqual(['mutation', 'Pay', undefined]);
    await post(server, { query: '{ order }' });
    expect(await operationOf()).toEqual(['query', undefined, undefined]);
  });

  test('an exception in a resolver fails the request, and an error for the client does not', async () => {
    await post(server, { query: 'query Broken { order broken }' });
    expect(await operationOf()).toEqual(['query', 'Broken', 'RangeError']);
    await post(server, { query: 'query Refused { refused }' });
    expect(await operationOf()).toEqual(['query', 'Refused', undefined]);
  });

  test('what cannot be parsed has no operation', async () => {
    await post(server, { query: 'query {' });
    expect(await operationOf()).toEqual([undefined, undefined, undefined]);
  });

  test.runIf(['Apollo Server', 'graphql-yoga', 'mercurius'].includes(name))(
    'a batch is one request, by its first operation',
    async () => {
      const batch = [{ query: 'query First { order }' }, { query: 'mutation Second { pay }' }];
      expect(JSON.parse(await post(server, batch))).toHaveLength(2);
      expect(await operationOf()).toEqual(['query', 'First', undefined]);
    },
  );

  test.runIf(name === 'graphql-yoga')('a subscription over server-sent events is one request', async () => {
    const text = await post(
      server,
      { query: 'subscription Count { count }' },
      { accept: 'text/event-stream' },
    );
    expect(text).toContain('{"data":{"count":2}}');
    expect(await operationOf()).toEqual(['subscription', 'Count', undefined]);
  });
});

test('an operation outside a request makes no call', async () => {
  const schema = graphql16.buildSchema(typeDefs);
  const result = await graphql16.graphql({ schema, source: '{ order }', rootValue });
  expect(result.data?.['order']).toBe('book');
  await recorder.take(0);
});

test('the name is no label, because the client chooses it', () => {
  expect(HTTP_SERVER.labels.filter((label) => label.startsWith('graphql'))).toEqual([]);
});
