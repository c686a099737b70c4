/** Calls of @grpc/grpc-js, and servers in the same process. */
const { once } = require('node:events');
const net = require('node:net');
const grpc = require('@grpc/grpc-js');
const { at, here, Journal, outcomeOf, plain, shapeOf, signaturesOf } = require('./account.cjs');
const { ask, connect, DEADLINE_MS, mapOf, serving } = require('./orders.cjs');
const { busy, callsInside } = require('./busy.cjs');
const { close, deadPort, listen } = require('./wire.cjs');

exports.success = {
  calls: ['client Get OK > server Get OK'],
  run: (path) =>
    serving(path, {}, async (client) => {
      const metadata = new grpc.Metadata();
      metadata.set('mine', '1');
      const note = (call, journal) => {
        journal.note('call', [shapeOf(call), Object.keys(call.call), call.emit('nothing')]);
        journal.note('client', [Reflect.ownKeys(client).map(String), Object.keys(client.getChannel())]);
        call.on('status', () => journal.note('peer', call.getPeer()));
      };
      const journal = await ask(client, 'Get', { request: 'hi', metadata, act: note });
      return [journal, Object.entries(metadata.getMap()), Object.keys(metadata)];
    }),
};

exports['error-status'] = {
  calls: [
    'client Get NOT_FOUND > server Get NOT_FOUND',
    'client List ABORTED > server List ABORTED',
    'client Missing UNIMPLEMENTED > server _OTHER UNIMPLEMENTED',
  ],
  run(path) {
    const metadata = new grpc.Metadata();
    metadata.set('why', 'because');
    const handlers = {
      Get: (_, done) => done({ code: grpc.status.NOT_FOUND, details: 'nowhere', metadata }),
      List: (call) => call.emit('error', { code: grpc.status.ABORTED, details: 'enough', metadata }),
    };
    return serving(path, handlers, async (client) => [
      await ask(client, 'Get'),
      await ask(client, 'List'),
      await ask(client, 'Missing'),
    ]);
  },
};

exports['caller-aborts'] = {
  calls: [
    'client Get CANCELLED',
    'client Get CANCELLED > server Get CANCELLED',
    'client List CANCELLED > server List CANCELLED',
  ],
  run(path) {
    let leave;
    const handlers = { Get: () => leave(), List: (call) => call.write('half') };
    return serving(path, handlers, async (client) => [
      await ask(client, 'Get', { act: (call) => call.cancel() }),
      await ask(client, 'Get', {
        act(call) {
          leave = () => call.cancel();
        },
      }),
      await ask(client, 'List', { act: (call) => call.once('data', () => call.cancel()) }),
    ]);
  },
};

exports['connection-drops'] = {
  calls: ['client List UNAVAILABLE > server List CANCELLED'],
  run: (path) =>
    serving(path, { List: (call) => call.write('half') }, async (_, __, port) => {
      const sockets = [];
      const middle = net.createServer((near) => {
        const far = net.connect(port, '127.0.0.1');
        sockets.push(near, far);
        for (const socket of [near, far]) socket.on('error', () => {});
        near.pipe(far).pipe(near);
      });
      const client = connect(path, await listen(middle));
      const cut = (call) =>
        call.once('data', () => {
          for (const socket of sockets) socket.destroy();
        });
      const { data, status, events } = await ask(client, 'List', { act: cut });
      client.close();
      await close(middle);
      // The details say what broke first: a reset, an end or a lost connection.
      return [data, status.map(([code]) => code), events];
    }),
};

exports.deadline = {
  calls: ['client Get DEADLINE_EXCEEDED > server Get DEADLINE_EXCEEDED'],
  run: (path) =>
    serving(path, { Get: () => {} }, async (client) => {
      const options = { deadline: Date.now() + DEADLINE_MS };
      const { callback, status } = await ask(client, 'Get', { options });
      // The details contain how long it took.
      return [status[0][0], callback[0].error.code, callback[0].at];
    }),
};

exports.refused = {
  calls: ['client Get UNAVAILABLE', 'client List UNAVAILABLE'],
  async run(path) {
    const client = connect(path, await deadPort());
    const accounts = [await ask(client, 'Get'), await ask(client, 'List')];
    client.close();
    return accounts;
  },
};

exports['callback-throws'] = {
  calls: ['client Get OK > server Get OK'],
  run: (path) =>
    serving(path, {}, async (client) => {
      const thrown = once(process, 'uncaughtException');
      client.Get('hi', () => {
        throw new TypeError('the callback threw');
      });
      const [error, origin] = await thrown;
      return [plain(error), origin];
    }),
};

exports.streaming = {
  calls: [
    'client Sum OK > server Sum OK',
    'client List OK > server List OK',
    'client Chat OK > server Chat OK',
  ],
  run: (path) =>
    serving(path, {}, async (client) => {
      const note = (call, journal) => {
        journal.note('call', shapeOf(call));
        journal.follow('close', call, 'finish', 'close');
      };
      return [
        await ask(client, 'Sum', { writes: [1, 2], act: note }),
        await ask(client, 'List', { request: [1, 2], act: note }),
        await ask(client, 'Chat', { writes: [1, 2], act: note }),
      ];
    }),
};

exports.concurrent = {
  calls: Array(6).fill('client Get OK > server Get OK'),
  run: (path) =>
    serving(path, {}, (client) => {
      const get = (name) =>
        new Promise((resolve) => at(name, () => client.Get(name, (_, value) => resolve([value, here()]))));
      return Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(get));
    }),
};

exports.busy = {
  calls: callsInside('client Get OK > server Get OK'),
  run: (path) =>
    serving(
      path,
      {},
      (client) =>
        busy(
          path,
          () => new Promise((resolve) => client.Get('hi', (error, value) => resolve([plain(error), value]))),
        ),
      { server: { 'grpc.max_concurrent_streams': 2 } },
    ),
};

exports.interceptors = {
  calls: ['client Get OK > server Get OK'],
  async run(path) {
    const journal = new Journal();
    const later = (options, nextCall) => {
      journal.note('made', [options.method_definition.path, here()]);
      return new grpc.InterceptingCall(nextCall(options), {
        start(metadata, _, next) {
          journal.note('start', [mapOf(metadata), here()]);
          const onReceiveStatus = (status, go) => {
            journal.note('status', [status.code, here()]);
            go(status);
          };
          setImmediate(() => next(metadata, { onReceiveStatus }));
        },
      });
    };
    // The interceptor answers by itself, so no call is made.
    const cached = (options, nextCall) =>
      new grpc.InterceptingCall(nextCall(options), {
        start(_, listener) {
          const status = { code: grpc.status.OK, details: '', metadata: new grpc.Metadata() };
          listener.onReceiveMessage('cached');
          setImmediate(() => listener.onReceiveStatus(status));
        },
        sendMessage: () => {},
        halfClose: () => {},
      });
    const accounts = await serving(path, {}, async (client) => [
      await ask(client, 'Get', { request: 'hi', options: { interceptors: [later] } }),
      await ask(client, 'Get', { request: 'hi', options: { interceptors: [cached] } }),
    ]);
    return [accounts, journal];
  },
};

exports.retries = {
  calls: ['client Get OK > (server Get OK, server Get UNAVAILABLE, server Get UNAVAILABLE)'],
  run(path) {
    let attempts = 0;
    const Get = (_, done) => {
      attempts += 1;
      done(attempts === 3 ? null : { code: grpc.status.UNAVAILABLE }, attempts);
    };
    const retryPolicy = {
      maxAttempts: 4,
      initialBackoff: '0.01s',
      maxBackoff: '0.01s',
      backoffMultiplier: 1,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    const config = { methodConfig: [{ name: [{ service: path.slice(1) }], retryPolicy }] };
    const options = { client: { 'grpc.service_config': JSON.stringify(config) } };
    return serving(path, { Get }, (client) => ask(client, 'Get'), options);
  },
};

exports['bad-arguments'] = {
  calls: ['client Get INTERNAL'],
  run: (path) =>
    serving(path, {}, async (client) => {
      const circular = {};
      circular.self = circular;
      const attempts = [
        () => client.Get(),
        () => client.Get('no callback'),
        () => client.Get('x', {}, {}, 'no callback'),
        () => client.Sum('no callback'),
        () => client.getChannel().createCall(),
        () => client.getChannel().createCall(7),
      ];
      return [await ask(client, 'Get', { request: circular }), attempts.map(outcomeOf)];
    }),
};

exports['closed-channel'] = {
  calls: ['client Get OK > server Get OK'],
  run(path) {
    let leave;
    const Get = (call, done) => {
      leave();
      done(null, call.request);
    };
    return serving(path, { Get }, async (client) => {
      leave = () => client.close();
      return [await ask(client, 'Get'), outcomeOf(() => client.Get('hi', () => {}))];
    });
  },
};

exports.signatures = {
  calls: [],
  run: () => signaturesOf(grpc.Channel.prototype, 'createCall', 'close', 'getTarget'),
};
