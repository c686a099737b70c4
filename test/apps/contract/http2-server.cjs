/** Servers of node:http2, by their streams and by the compatibility API, and clients in the same process. */
const { EventEmitter, once } = require('node:events');
const http2 = require('node:http2');
const { pipeline, Readable } = require('node:stream');
const { setImmediate: turn } = require('node:timers/promises');
const { at, headersOf, here, Journal, outcomeOf, plain, shapeOf, signaturesOf } = require('./account.cjs');
const { close, listen, peerOf } = require('./wire.cjs');

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants;

/** More bytes than a client accepts at once. */
const LARGE = 5_000_000;

/** Serves while `use` runs. `use` receives a session to the server. */
async function serving(event, handler, use) {
  const server = http2.createServer();
  if (handler) server.on(event, handler);
  const client = http2.connect(`http://127.0.0.1:${await listen(server)}`).on('error', () => {});
  const result = await use(client, server);
  await new Promise((resolve) => (client.destroyed ? resolve() : client.close(resolve)));
  await close(server);
  return result;
}

/** Makes a request and returns the response. */
async function ask(client, path, { headers = {}, body, act = () => {} } = {}) {
  const stream = client.request({ ':path': path, ...headers });
  const answer = { headers: null, trailers: null, body: '', error: null };
  act(stream);
  stream.end(body);
  stream.on('error', (error) => {
    answer.error = plain(error);
  });
  stream.on('response', (received) => {
    answer.headers = headersOf(received);
  });
  stream.on('trailers', (received) => {
    answer.trailers = headersOf(received);
  });
  stream.setEncoding('utf8').on('data', (chunk) => {
    answer.body += chunk;
  });
  await new Promise((resolve) => stream.on('close', resolve));
  return answer;
}

const STREAM_EVENTS = ['aborted', 'end', 'finish', 'timeout', 'error', 'close'];

/** Resolves when the server has closed this many streams. */
function streamsClosed(server, count) {
  return new Promise((resolve) =>
    server.on('stream', (stream) =>
      stream.on('close', () => {
        count -= 1;
        if (count === 0) turn().then(resolve);
      }),
    ),
  );
}

exports.success = {
  calls: ['client POST 200 > server POST 200'],
  async run(path) {
    const journal = new Journal();
    const handler = function (stream, headers, ...rest) {
      journal.note('handler', [this.constructor.name, headersOf(headers), rest.length, here()]);
      journal.note('stream', shapeOf(stream));
      journal.note('session', shapeOf(stream.session));
      journal.note('server', shapeOf(this));
      at('handler', () => journal.follow('stream', stream.resume(), ...STREAM_EVENTS));
      journal.note('returned', [
        stream.emit('nothing'),
        stream.once('something', () => {}).emit('something'),
        stream.respond({ ':status': 200, a: '1' }) ?? null,
        stream.write('first '),
        stream.end('last') === stream,
      ]);
    };
    const answer = await serving('stream', handler, async (client, server) => {
      const closed = streamsClosed(server, 1);
      const answer = await ask(client, path, { headers: { ':method': 'POST' }, body: 'hi' });
      await closed;
      return answer;
    });
    return [answer, journal];
  },
};

exports.compatibility = {
  calls: ['client POST 201 > server POST 201'],
  async run(path) {
    const journal = new Journal();
    const handler = function (request, response) {
      journal.note('handler', [this.constructor.name, headersOf(request.headers), here()]);
      journal.note('request', shapeOf(request));
      journal.note('response', shapeOf(response));
      at('handler', () => {
        journal.follow('request', request.resume(), 'end', 'close');
        journal.follow('response', response, 'finish', 'close');
      });
      journal.note('returned', [
        response.setHeader('a', '1') ?? null,
        response.writeHead(201) === response,
        response.write('first '),
        response.end('last') === response,
      ]);
    };
    const answer = await serving('request', handler, async (client, server) => {
      const closed = streamsClosed(server, 1);
      const answer = await ask(client, path, { headers: { ':method': 'POST' }, body: 'hi' });
      await closed;
      return answer;
    });
    return [answer, journal];
  },
};

exports['error-status'] = {
  calls: ['client GET 500 > server GET 500', 'client GET 404 > server GET 404'],
  run: (path) =>
    serving(
      'stream',
      (stream, headers) =>
        stream.respond({ ':status': headers[':path'].endsWith('500') ? 500 : 404 }, { endStream: true }),
      async (client) => [await ask(client, `${path}/500`), await ask(client, `${path}/404`)],
    ),
};

exports['application-error'] = {
  calls: [
    'client GET error=ERR_HTTP2_STREAM_ERROR > server GET error=RangeError',
    'client GET error=ERR_HTTP2_STREAM_ERROR > server GET error=text',
    'client GET error=ERR_HTTP2_STREAM_ERROR > server GET error=aborted',
    // The response ends with its last byte. The reset comes too late for the client.
    'client GET 200 > server GET 200 error=aborted',
  ],
  async run(path) {
    const journal = new Journal();
    const ends = {
      destroy: (stream) => stream.destroy(new RangeError('mine')),
      text: (stream) => stream.destroy('text'),
      close: (stream) => stream.close(NGHTTP2_INTERNAL_ERROR),
      during(stream) {
        stream.respond();
        stream.write('half', () => stream.close(NGHTTP2_INTERNAL_ERROR));
      },
    };
    const handler = (stream, headers) => {
      const [, , end] = headers[':path'].split('/');
      journal.follow(end, stream, ...STREAM_EVENTS);
      ends[end](stream);
    };
    const answers = await serving('stream', handler, async (client, server) => {
      const closed = streamsClosed(server, 4);
      const answers = [];
      for (const end of Object.keys(ends)) answers.push(await ask(client, `${path}/${end}`));
      await closed;
      return answers;
    });
    return [answers, journal];
  },
};

exports['handler-throws'] = {
  calls: ['client GET 503 > server GET 503'],
  run(path) {
    let respond;
    const reason = once(process, 'uncaughtException').then(([error, origin]) => {
      respond();
      return [plain(error), origin];
    });
    const handler = (stream) => {
      respond = () => stream.respond({ ':status': 503 }, { endStream: true });
      throw new TypeError('the handler threw');
    };
    return serving('stream', handler, async (client) => [await ask(client, path), await reason]);
  },
};

exports['handler-rejects'] = {
  calls: ['client GET 500 > server GET 500'],
  async run(path) {
    EventEmitter.captureRejections = true;
    const handler = async () => {
      throw new TypeError('the handler rejected');
    };
    const answer = await serving('request', handler, (client) => ask(client, path));
    EventEmitter.captureRejections = false;
    return answer;
  },
};

exports['client-leaves'] = {
  calls: [
    'client GET > server GET error=aborted',
    'client GET 200 > server GET 200 error=aborted',
    'client GET 200 > server GET 200 error=aborted',
    'client GET 200 > server GET 200 error=aborted',
  ],
  async run(path) {
    const journal = new Journal();
    let leave;
    const handler = (stream, headers) => {
      const [, , when] = headers[':path'].split('/');
      journal.follow(when, stream, ...STREAM_EVENTS);
      if (when === 'before') return leave();
      stream.respond();
      if (when === 'large') stream.end(Buffer.alloc(LARGE));
      else stream.write('half');
    };
    const answers = await serving('stream', handler, async (client, server) => {
      server.on('connection', (socket) => {
        socket.on('close', () => journal.note('peer', peerOf(socket)));
      });
      const closed = streamsClosed(server, 4);
      const before = (stream) => {
        leave = () => stream.close(NGHTTP2_CANCEL);
      };
      const during = (stream) => stream.once('data', () => stream.close(NGHTTP2_CANCEL));
      const drop = (stream) => stream.once('data', () => client.destroy());
      const answers = [
        await ask(client, `${path}/before`, { act: before }),
        await ask(client, `${path}/during`, { act: during }),
        (await ask(client, `${path}/large`, { act: during })).body.length < LARGE,
        await ask(client, `${path}/drop`, { act: drop }),
      ];
      await closed;
      return answers;
    });
    return [answers, journal];
  },
};

exports['time-out'] = {
  calls: ['client GET 504 > server GET 504'],
  async run(path) {
    const journal = new Journal();
    const handler = (stream) => {
      journal.follow('stream', stream, ...STREAM_EVENTS);
      stream.setTimeout(20, () => stream.respond({ ':status': 504 }, { endStream: true }));
    };
    return [await serving('stream', handler, (client) => ask(client, path)), journal];
  },
};

exports.streaming = {
  calls: ['client POST 200 > server POST 200', 'client GET 200 > server GET 200'],
  async run(path) {
    const journal = new Journal();
    const handler = async (stream, headers) => {
      if (headers[':method'] === 'GET') return stream.respondWithFile(__filename);
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () =>
        journal.note('trailers', [here(), stream.sendTrailers({ last: '1' }) ?? null]),
      );
      for await (const chunk of stream) {
        await new Promise((resolve) => stream.write(chunk, resolve));
        journal.note('body', here());
      }
      stream.cork();
      for (const word of [' and', ' more']) stream.write(word);
      stream.uncork();
      stream.end();
    };
    const answers = await serving(
      'stream',
      (...args) => at('handler', () => handler(...args)),
      async (client) => [
        await ask(client, path, { headers: { ':method': 'POST' }, body: 'hi' }),
        (await ask(client, path)).body.length > 0,
      ],
    );
    return [answers, journal];
  },
};

exports['answers-at-once'] = {
  calls: Array(4).fill('client GET 200 > server GET 200'),
  async run(path) {
    const ways = {
      end: (stream) => stream.end('all of it'),
      write: (stream) => stream.write('all of it') && stream.end(),
      pipe: (stream) => Readable.from(['all ', 'of it']).pipe(stream),
      pipeline: (stream) => pipeline(Readable.from(['all ', 'of it']), stream, () => {}),
    };
    const handler = (stream, headers) => {
      stream.resume().respond();
      ways[headers[':path'].split('/')[2]](stream);
    };
    const askAll = async (client) => {
      const answers = [];
      for (const way of Object.keys(ways)) answers.push(await ask(client, `${path}/${way}`));
      return answers;
    };
    return serving('stream', handler, askAll);
  },
};

exports.concurrent = {
  calls: Array(6).fill('client GET 200 > server GET 200'),
  run(path) {
    const handler = (stream, headers) =>
      at(headers[':path'], async () => {
        await turn();
        stream.respond();
        stream.end(here());
      });
    return serving('stream', handler, (client) =>
      Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ask(client, `${path}/${name}`))),
    );
  },
};

exports['bad-arguments'] = {
  calls: ['client GET 200 > server GET 200'],
  async run(path) {
    const journal = new Journal();
    const handler = (stream) => {
      const attempts = [
        () => stream.respond({ ':status': 99 }),
        () => stream.respond({ ':path': '/' }),
        () => stream.respond('none'),
        () => stream.write(null),
        () => stream.write({}),
        () => stream.pushStream({}),
        () => stream.sendTrailers({}),
        () => stream.close('now'),
        () => stream.emit('error', new Error('nobody listens')),
        () => stream.on('x', () => undefined.x).emit('x'),
        () => stream.emit(),
        () => stream.push(undefined),
        () => stream.respond(),
        () => stream.respond(),
        () => stream.end('ok') === stream,
      ];
      journal.note('outcomes', attempts.map(outcomeOf));
    };
    return [await serving('stream', handler, (client) => ask(client, path)), journal];
  },
};

exports.signatures = {
  calls: ['client GET 200 > server GET 200'],
  async run(path) {
    const journal = new Journal();
    await serving(
      'stream',
      (stream) => {
        journal.note('session', signaturesOf(stream.session, 'emit'));
        journal.note('stream', signaturesOf(stream, 'emit', 'push', '_write', '_writev'));
        stream.respond(undefined, { endStream: true });
      },
      (client) => ask(client, path),
    );
    return journal;
  },
};
