/** A gRPC server and client in one process. It makes calls of all four kinds, some of which fail, and ends. */
const json = {
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  parse: (bytes) => JSON.parse(bytes),
};

const method = (name, requestStream, responseStream) => ({
  path: `/shop.Orders/${name}`,
  requestStream,
  responseStream,
  requestSerialize: json.serialize,
  requestDeserialize: json.parse,
  responseSerialize: json.serialize,
  responseDeserialize: json.parse,
});

const service = {
  Get: method('Get', false, false),
  Sum: method('Sum', true, false),
  List: method('List', false, true),
  Chat: method('Chat', true, true),
};
const missing = { Missing: method('Missing', false, false) };

exports.run = (grpc) => {
  const rounds = Number(process.argv[2]);
  const server = new grpc.Server();
  server.addService(service, {
    Get: (call, done) => (call.request.fail ? done({ code: grpc.status.NOT_FOUND }) : done(null, {})),
    Sum: (call, done) => call.on('data', () => {}).on('end', () => done(null, {})),
    List: (call) => {
      call.write({});
      call.end();
    },
    Chat: (call) => call.on('data', (order) => call.write(order)).on('end', () => call.end()),
  });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), async (_, port) => {
    const Client = grpc.makeClientConstructor({ ...service, ...missing }, 'Orders');
    const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const ended = (stream) => new Promise((resolve) => stream.on('data', () => {}).on('status', resolve));
    const chat = () => {
      const stream = client.Chat();
      stream.end({});
      return ended(stream);
    };
    for (let i = 0; i < rounds; i += 1) {
      await Promise.all([
        new Promise((resolve) => client.Get({}, resolve)),
        new Promise((resolve) => client.Get({ fail: true }, resolve)),
        new Promise((resolve) => client.Missing({}, resolve)),
        new Promise((resolve) => client.Sum(resolve).end({})),
        ended(client.List({})),
        chat(),
      ]);
    }
    client.close();
    server.tryShutdown(() => {});
  });
};
