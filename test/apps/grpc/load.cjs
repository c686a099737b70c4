/** A server of the shop. Its handlers make the calls that the request describes, over the client that `to` names. */
const http2 = require('node:http2');
const net = require('node:net');
const { once } = require('node:events');
const { ask, askAndCut, connect, serve } = require('./shop.cjs');

const RETRIES = {
  loadBalancingConfig: [],
  methodConfig: [
    {
      name: [{ service: 'shop.Orders' }],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: '0.01s',
        maxBackoff: '0.02s',
        backoffMultiplier: 1,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
};
const NOBODY = 1;

const listen = async (server) => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
};

/** A server without grpc-js. It resets a stream before its end. The id of the order is the error code. */
const resetting = http2.createServer().on('stream', (stream) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.write(Buffer.of(0, 0, 0, 0, 0));
  stream.once('data', (message) => setImmediate(() => stream.close(Number(message.subarray(7).toString()))));
});

async function main() {
  const { port } = await serve(async ({ to, ...request }) => (await ways[to](request)).status);
  const mute = await listen(net.createServer());
  const own = connect(port);
  const retrying = connect(port, { 'grpc.service_config': JSON.stringify(RETRIES) });
  const refused = connect(NOBODY);
  const reset = connect(await listen(resetting));
  const ways = {
    own: (request) => (request.leaves === 'cut' ? askAndCut(port, request) : ask(own, request)),
    retrying: (request) => ask(retrying, request),
    refused: (request) => ask(refused, request),
    reset: (request) => ask(reset, request),
    /** Closes the channel before it has connected. */
    closing(request) {
      const client = connect(mute);
      const seen = ask(client, request);
      client.close();
      return seen;
    },
    /** Starts a server for this call only. */
    passing: async (request) => {
      const passing = await serve();
      const client = connect(passing.port);
      const seen = await ask(client, request);
      client.close();
      passing.server.forceShutdown();
      return seen;
    },
  };
  console.log(`listening http://127.0.0.1:${port}`);
}

main();
