/** Servers of @grpc/grpc-js, and clients in the same process. */
const { once } = require('node:events');
const http2 = require('node:http2');
const { setImmediate: turn } = require('node:timers/promises');
const grpc = require('@grpc/grpc-js');
const { at, here, Journal, outcomeOf, plain, shapeOf, signaturesOf } = require('./account.cjs');
const { ask, DEADLINE_MS, mapOf, serving } = require('./orders.cjs');

/** Notes what a handler receives. */
function noteCall(journal, party, call) {
  const { metadata } = call;
  const headers = [Object.keys(metadata), mapOf(metadata)];
  journal.note(party, { ...shapeOf(call), headers, path: call.getPath(), at: here() });
}

exports.success = {
  calls: ['client Get OK > server Get OK'],
  async run(path) {
    const journal = new Journal();
    const Get = function (call, done) {
      journal.note('handler', [plain(this), done.length, Object.keys(call)]);
      noteCall(journal, 'call', call);
      at('handler', () => journal.follow('events', call, 'cancelled', 'end', 'close', 'error'));
      const [sent, trailers] = [new grpc.Metadata(), new grpc.Metadata()];
      sent.set('sent', '1');
      trailers.set('last', '2');
      journal.note('returned', [
        call.emit('nothing'),
        call.sendMetadata(sent) ?? null,
        done(null, call.request, trailers) ?? null,
      ]);
    };
    return [await serving(path, { Get }, (client) => ask(client, 'Get', { request: 'hi' })), journal];
  },
};

exports['error-status'] = {
  calls: [
    'client Get NOT_FOUND > server Get NOT_FOUND',
    'client Get INTERNAL > server Get INTERNAL',
    'client List UNAVAILABLE > server List UNAVAILABLE',
  ],
  async run(path) {
    const fail = ({ request }) => ({ code: grpc.status[request], details: 'as asked' });
    const handlers = {
      Get: (call, done) => done(fail(call)),
      List: (call) => call.emit('error', fail(call)),
    };
    return serving(path, handlers, async (client) => [
      await ask(client, 'Get', { request: 'NOT_FOUND' }),
      await ask(client, 'Get', { request: 'INTERNAL' }),
      await ask(client, 'List', { request: 'UNAVAILABLE' }),
    ]);
  },
};

exports['application-error'] = {
  calls: ['client Get UNKNOWN > server Get UNKNOWN', 'client List UNKNOWN > server List UNKNOWN'],
  async run(path) {
    const journal = new Journal();
    const handlers = {
      Get: (_, done) => done(new RangeError('mine')),
      List(call) {
        journal.follow('list', call, 'error', 'finish', 'close');
        journal.note(
          'returned',
          outcomeOf(() => call.emit('error', new RangeError('mine'))),
        );
      },
    };
    const answers = await serving(path, handlers, async (client) => [
      await ask(client, 'Get'),
      await ask(client, 'List'),
    ]);
    return [answers, journal];
  },
};

exports['handler-throws'] = {
  calls: ['client Get UNKNOWN > server Get UNKNOWN', 'client List UNKNOWN > server List UNKNOWN'],
  run(path) {
    const broken = () => {
      throw new TypeError('the handler threw');
    };
    return serving(path, { Get: broken, List: broken }, async (client) => [
      await ask(client, 'Get'),
      await ask(client, 'List'),
    ]);
  },
};

exports['answers-twice'] = {
  calls: ['client Sum UNIMPLEMENTED > server Sum OK'],
  run(path) {
    const outcomes = [];
    const Sum = (_, done) => {
      for (const answer of ['first', 'second']) outcomes.push(outcomeOf(() => done(null, answer)));
    };
    return serving(path, { Sum }, async (client) => [await ask(client, 'Sum'), outcomes]);
  },
};

exports['client-leaves'] = {
  calls: ['client Get CANCELLED > server Get CANCELLED', 'client List CANCELLED > server List CANCELLED'],
  async run(path) {
    const journal = new Journal();
    const left = [];
    let leave;
    const note = (party, call) => {
      journal.follow(party, call, 'cancelled', 'end', 'close');
      left.push(once(call, 'cancelled').then(() => journal.note(party, call.cancelled)));
    };
    const handlers = {
      Get(call) {
        note('get', call);
        leave();
      },
      List(call) {
        note('list', call);
        call.write('half');
      },
    };
    const cancelOnData = (call) => call.once('data', () => call.cancel());
    const cancelWhenAsked = (call) => {
      leave = () => call.cancel();
    };
    const answers = await serving(path, handlers, async (client) => {
      const answers = [
        await ask(client, 'Get', { act: cancelWhenAsked }),
        await ask(client, 'List', { act: cancelOnData }),
      ];
      await Promise.all(left);
      return answers;
    });
    return [answers, journal];
  },
};

exports.deadline = {
  calls: ['client Get DEADLINE_EXCEEDED > server Get DEADLINE_EXCEEDED'],
  async run(path) {
    const journal = new Journal();
    let over;
    const Get = (call) => {
      journal.note('deadline', Number.isFinite(Number(call.getDeadline())));
      over = once(call, 'cancelled').then(() => journal.note('cancelled', [call.cancelled, here()]));
    };
    const answer = await serving(path, { Get }, async (client) => {
      const answer = await ask(client, 'Get', { options: { deadline: Date.now() + DEADLINE_MS } });
      await over;
      return answer;
    });
    // The details contain how long it took.
    return [answer.status[0][0], answer.callback[0].error.code, journal];
  },
};

exports['server-breaks-off'] = {
  calls: ['client List CANCELLED > server List CANCELLED'],
  async run(path) {
    const journal = new Journal();
    let shutdown;
    const List = (call) => {
      journal.follow('list', call, 'cancelled', 'close');
      call.write('half');
      setImmediate(shutdown);
    };
    const answer = await serving(path, { List }, (client, server) => {
      shutdown = () => server.forceShutdown();
      return ask(client, 'List');
    });
    return [answer, journal];
  },
};

exports.unimplemented = {
  calls: ['client Missing UNIMPLEMENTED > server _OTHER UNIMPLEMENTED'],
  run: (path) => serving(path, {}, (client) => ask(client, 'Missing')),
};

exports['too-large'] = {
  calls: ['client Get RESOURCE_EXHAUSTED > server Get RESOURCE_EXHAUSTED'],
  run: (path) =>
    serving(path, {}, (client) => ask(client, 'Get', { request: 'x'.repeat(1_000) }), {
      server: { 'grpc.max_receive_message_length': 100 },
    }),
};

exports.streaming = {
  calls: [
    'client Sum OK > server Sum OK',
    'client List OK > server List OK',
    'client Chat OK > server Chat OK',
  ],
  async run(path) {
    const journal = new Journal();
    const handlers = {
      Sum(call, done) {
        noteCall(journal, 'sum', call);
        at('handler', () => journal.follow('sum', call, 'data', 'end', 'close'));
        call.on('end', () => done(null, String(here())));
      },
      List(call) {
        noteCall(journal, 'list', call);
        at('handler', () => journal.follow('list', call, 'finish', 'close'));
        journal.note('returned', [call.write('one'), call.write('two'), call.end() === call]);
      },
      Chat(call) {
        noteCall(journal, 'chat', call);
        at('handler', () => journal.follow('chat', call, 'end', 'finish', 'close'));
        call.on('data', (value) => journal.note('returned', [call.write(value), here()]));
        call.on('end', () => call.end());
      },
    };
    const answers = await serving(path, handlers, async (client) => [
      await ask(client, 'Sum', { writes: [1, 2] }),
      await ask(client, 'List', { request: [1, 2] }),
      await ask(client, 'Chat', { writes: [1, 2] }),
    ]);
    return [answers, journal];
  },
};

exports.concurrent = {
  calls: Array(6).fill('client Get OK > server Get OK'),
  run(path) {
    const Get = (call, done) =>
      at(call.request, async () => {
        await turn();
        done(null, here());
      });
    return serving(path, { Get }, (client) =>
      Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((request) => ask(client, 'Get', { request }))),
    );
  },
};

exports.interceptors = {
  calls: ['client Get OK > server Get OK'],
  async run(path) {
    const journal = new Journal();
    const interceptor = (descriptor, call) => {
      journal.note('descriptor', [descriptor.path, Object.keys(call)]);
      return new grpc.ServerInterceptingCall(call, {
        start: (next) => next({ onReceiveMetadata: (metadata, go) => go(metadata) }),
        sendStatus(status, next) {
          journal.note('status', [status.code, here()]);
          next(status);
        },
      });
    };
    const options = { server: { interceptors: [interceptor] } };
    return [await serving(path, {}, (client) => ask(client, 'Get', { request: 'hi' }), options), journal];
  },
};

exports['bare-http2'] = {
  calls: ['client Get OK > server Get OK'],
  run: (path) =>
    serving(path, {}, async (_, __, port) => {
      const session = http2.connect(`http://127.0.0.1:${port}`);
      const journal = new Journal();
      const headers = { ':method': 'POST', ':path': `${path}/Get`, 'content-type': 'application/grpc' };
      const stream = session.request({ ...headers, te: 'trailers' });
      stream.on('trailers', (trailers) => journal.note('status', trailers['grpc-status']));
      stream.resume().end(Buffer.from([0, 0, 0, 0, 1, 0x31]));
      await once(stream, 'close');
      await new Promise((resolve) => session.close(resolve));
      return journal;
    }),
};

exports['bad-arguments'] = {
  calls: [],
  run() {
    const server = new grpc.Server();
    const attempts = [
      () => server.addService(),
      () => server.addService({}),
      () => server.register(),
      () => server.register('/x/Y', null, String, String, 'no type'),
      () => server.register('/x/Y', null, String, String, 'unary'),
      () => server.register('/x/Y', null, String, String, 'unary'),
      () => server.bindAsync(7, grpc.ServerCredentials.createInsecure(), () => {}),
      () => server.bindAsync('127.0.0.1:0', null, () => {}),
      () => server.tryShutdown('now'),
    ];
    return attempts.map(outcomeOf);
  },
};

exports.signatures = {
  calls: [],
  run: () => signaturesOf(grpc.Server.prototype, 'register', 'addService'),
};
