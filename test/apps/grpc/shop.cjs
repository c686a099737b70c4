/**
 * The service of shop.proto, whose calls end as the id of the order says. Also clients of it, which end calls early on
 * request. The programs in ../go understand the same ids.
 */
const { once } = require('node:events');
const net = require('node:net');
const { join } = require('node:path');
const grpc = require('@grpc/grpc-js');
const { loadSync } = require('@grpc/proto-loader');

const { Orders } = grpc.loadPackageDefinition(loadSync(join(__dirname, '../../support/shop.proto'))).shop;
const MAX_MESSAGE_LENGTH = 10_000;
const DEADLINE_MS = 500;

const broken = () => {
  throw new Error('the handler threw');
};

/** How a unary method ends. Any other id is the name of a status. */
const answers = {
  ok: (_, done) => done(null, {}),
  silent: (call) => call.sendMetadata(new grpc.Metadata()),
  throw: broken,
  twice(_, done) {
    done(null, {});
    done(null, {});
  },
  again(_, done) {
    done(null, {});
    setImmediate(done, null, {});
  },
  // The third of the attempts of a retry policy succeeds.
  third(call, done) {
    const [attempts] = call.metadata.get('grpc-previous-rpc-attempts');
    done(attempts === '2' ? null : { code: grpc.status.UNAVAILABLE }, {});
  },
};

/** How a response stream continues after its first message. */
const streams = {
  ok: (call) => call.end(),
  open: () => {},
  // grpc-js does not report this to the client.
  destroy: (call) => call.destroy(),
  shutdown: (_, server) => setImmediate(() => server.forceShutdown()),
  goaway(call, server) {
    server.tryShutdown(() => {});
    setImmediate(() => call.end());
  },
};

/** Serves on a free port. `relay` handles an id that is JSON: it describes a call that the handler should make. */
exports.serve = async (relay) => {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_LENGTH });
  const answer = (call, id, done) => {
    if (id.startsWith('{')) relay(JSON.parse(id)).then((seen) => done(null, { id: seen }), done);
    else if (id in answers) answers[id](call, done);
    else done({ code: grpc.status[id] });
  };
  const stream = (call, id) => {
    if (id === 'throw') broken();
    call.write({});
    if (id in streams) streams[id](call, server);
    else call.emit('error', { code: grpc.status[id] });
  };
  const { Missing: _, ...present } = Orders.service;
  server.addService(present, {
    Get: (call, done) => answer(call, call.request.id, done),
    Sum(call, done) {
      let id = '';
      call.on('data', (order) => {
        id += order.id;
      });
      call.on('end', () => answer(call, id, done));
    },
    List: (call) => stream(call, call.request.id),
    Chat: (call) => call.on('data', ({ id }) => stream(call, id)),
  });
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, server };
};

exports.connect = (port, options) =>
  new Orders(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);

/** Makes a call and returns what its caller sees: the name of the status, and the last response. */
exports.ask = (client, { method, id, size = 0, leaves }, headers = {}, cut = undefined) =>
  new Promise((resolve) => {
    const { requestStream, responseStream } = Orders.service[method];
    const order = { id: id.padEnd(size) };
    const last = { id: '' };
    const settle = (status) => resolve({ status: grpc.status[status?.code ?? grpc.status.OK], id: last.id });
    const done = (error, value) => {
      Object.assign(last, value);
      settle(error);
    };
    const call = client[method](
      ...(requestStream ? [] : [order]),
      metadataOf(headers),
      leaves === 'late' ? { deadline: Date.now() + DEADLINE_MS } : {},
      ...(responseStream ? [] : [done]),
    );
    if (requestStream) call.end(order);
    if (responseStream)
      call
        .on('data', () => {})
        .on('error', () => {})
        .on('status', settle);
    if (leaves === 'before') call.once('metadata', () => call.cancel());
    if (leaves === 'during') call.once('data', () => call.cancel());
    if (leaves === 'cut') call.once('data', cut);
  });

/** Makes a call over its own connection, which is cut at the first response. */
exports.askAndCut = async (port, request, headers) => {
  const ends = [];
  const middle = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    ends.push(near, far);
    for (const end of [near, far]) end.on('error', () => {});
    near.pipe(far).pipe(near);
  });
  await once(middle.listen(0, '127.0.0.1'), 'listening');
  const client = exports.connect(middle.address().port);
  const seen = await exports.ask(client, request, headers, () => {
    for (const end of ends) end.destroy();
  });
  client.close();
  middle.close();
  return seen;
};

function metadataOf(headers) {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}
