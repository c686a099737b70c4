/** Defines a gRPC service for each scenario. The scenario is in the method name of all its calls. */
const grpc = require('@grpc/grpc-js');
const { at, headersOf, here, Journal, plain } = require('./account.cjs');

const serialize = (value) => Buffer.from(JSON.stringify(value));
const deserialize = (bytes) => JSON.parse(bytes);

const method = (path, requestStream, responseStream) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
});

const serviceOf = (path) => ({
  Get: method(`${path}/Get`, false, false),
  Sum: method(`${path}/Sum`, true, false),
  List: method(`${path}/List`, false, true),
  Chat: method(`${path}/Chat`, true, true),
});

/** Long enough for a busy machine, because both sides must see most of it pass. */
exports.DEADLINE_MS = 500;

/** Returns a client of a service at a port. It can also call a method that does not exist. */
exports.connect = (path, port, options) => {
  const Client = grpc.makeClientConstructor(
    { ...serviceOf(path), Missing: method(`${path}/Missing`, false, false) },
    'Orders',
  );
  return new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
};

/** The behaviour of each method unless a scenario overrides it. */
const echo = {
  Get: (call, done) => done(null, call.request),
  Sum(call, done) {
    let sum = 0;
    call.on('data', (value) => {
      sum += value;
    });
    call.on('end', () => done(null, sum));
  },
  List(call) {
    for (const each of call.request) call.write(each);
    call.end();
  },
  Chat: (call) => call.on('data', (value) => call.write(value)).on('end', () => call.end()),
};

/** Serves while `use` runs. `use` receives a client, the server and the port. */
exports.serving = async (path, handlers, use, { server: serverOptions, client: clientOptions } = {}) => {
  const server = new grpc.Server(serverOptions);
  server.addService(serviceOf(path), { ...echo, ...handlers });
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const client = exports.connect(path, port, clientOptions);
  const result = await use(client, server, port);
  client.close();
  await new Promise((resolve) => server.tryShutdown(resolve));
  return result;
};

/** Makes a call and returns, once it is over, everything that its caller sees. `act` may act on the call. */
exports.ask = async (
  client,
  name,
  { request = 'hi', writes = [], metadata, options = {}, act = () => {} } = {},
) => {
  const journal = new Journal();
  const { requestStream, responseStream } = client[name];
  const done = function (error, value) {
    journal.note('callback', { this: plain(this), value: value ?? null, error: errorOf(error), at: here() });
  };
  const args = [
    ...(requestStream ? [] : [request]),
    metadata ?? new grpc.Metadata(),
    options,
    ...(responseStream ? [] : [done]),
  ];
  const call = at('caller', () => client[name](...args));
  const over = new Promise((resolve) => call.on('status', () => setImmediate(resolve)));
  call.on('metadata', (received) => journal.note('metadata', [mapOf(received), here()]));
  call.on('status', ({ code, details, metadata: trailers }) =>
    journal.note('status', [code, details, mapOf(trailers), here()]),
  );
  if (responseStream) {
    call.on('data', (value) => journal.note('data', [value, here()]));
    call.on('error', (error) => journal.note('error', [errorOf(error), here()]));
    journal.follow('events', call, 'end');
  }
  act(call, journal);
  if (requestStream) {
    for (const value of writes) journal.note('returned', call.write(value));
    call.end();
  }
  await over;
  return journal;
};

const mapOf = (metadata) => headersOf(metadata.getMap());
exports.mapOf = mapOf;

/** A gRPC error with its trailers. The message of a refused connection ends with the time. */
function errorOf(error) {
  return error && { ...plain(error), metadata: error.metadata && mapOf(error.metadata) };
}
