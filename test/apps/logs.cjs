/** Logs a line as it starts and one for each request, and answers with the result of a GraphQL query. */
const http = require('node:http');
const { buildSchema, graphql } = require('graphql17');
const pino10 = require('pino');
const pino9 = require('pino9');

const log = (process.env.PINO === '9' ? pino9 : pino10)({ base: null, timestamp: false });
const schema = buildSchema('type Query { item: String }');

const server = http.createServer(async (_, response) => {
  log.child({ a: 1 }).info('asked');
  const source = 'query Item { item }';
  response.end(JSON.stringify(await graphql({ schema, source, rootValue: { item: 'book' } })));
});
server.listen(0, '127.0.0.1', () => {
  log.info({ b: 2 }, 'started');
  console.log(`listening http://127.0.0.1:${server.address().port}`);
});
