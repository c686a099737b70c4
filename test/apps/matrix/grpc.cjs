/** A gRPC service with one method, and its client. */
const { Server, ServerCredentials, credentials, makeClientConstructor } = require('@grpc/grpc-js');

const serialize = (value) => Buffer.from(JSON.stringify(value));
const parse = (bytes) => JSON.parse(bytes);
const service = {
  Echo: {
    path: '/matrix.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: parse,
    responseSerialize: serialize,
    responseDeserialize: parse,
  },
};

exports.start = async () => {
  const server = new Server();
  server.addService(service, { Echo: (call, done) => done(null, call.request) });
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const Client = makeClientConstructor(service, 'Echo');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return {
    call: (text) =>
      new Promise((resolve, reject) =>
        client.Echo({ text }, (error, answer) => (error ? reject(error) : resolve(answer.text))),
      ),
    close() {
      client.close();
      server.forceShutdown();
    },
  };
};
