/** Requests of node:http2, and servers in the same process. */
const { once } = require('node:events');
const http2 = require('node:http2');
const { text } = require('node:stream/consumers');
const { at, headersOf, here, Journal, outcomeOf, plain, shapeOf, signaturesOf } = require('./account.cjs');
const { busy, callsInside } = require('./busy.cjs');
const { close, deadPort, listen } = require('./wire.cjs');

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM } = http2.constants;

/** Serves while `use` runs. `use` receives a session to the server. */
async function serving(handler, use, settings = {}) {
  const server = http2.createServer({ settings }).on('stream', (stream, headers) => {
    stream.on('error', () => {});
    handler(stream, headers);
  });
  const client = http2.connect(`http://127.0.0.1:${await listen(server)}`).on('error', () => {});
  const result = await use(client);
  await new Promise((resolve) => (client.destroyed ? resolve() : client.close(resolve)));
  await close(server);
  return result;
}

const echo = (stream) => {
  stream.respond();
  stream.pipe(stream);
};
const silent = () => {};
const half = (stream) => {
  stream.respond();
  stream.write('half');
};

/** Makes a request, notes everything that its caller sees, and waits for its end. */
async function ask(client, headers, { options, act = () => {} } = {}) {
  const journal = new Journal();
  const stream = at('caller', () => client.request(headers, options));
  journal.follow('stream', stream, 'response', 'aborted', 'timeout', 'end', 'error', 'close');
  const closed = new Promise((resolve) => stream.on('close', () => setImmediate(resolve)));
  act(stream, journal);
  stream.resume().end();
  await closed;
  journal.note('after', [stream.rstCode, stream.aborted, stream.destroyed]);
  return journal;
}

exports.success = {
  calls: ['client POST 200 > server POST 200'],
  run: (path) =>
    serving(echo, async (client) => {
      const journal = new Journal();
      const headers = { ':path': path, ':method': 'POST', 'X-Mine': '1' };
      const stream = at('caller', () => client.request(headers));
      journal.note('headers', [headers, headersOf(stream.sentHeaders)]);
      journal.note('stream', shapeOf(stream));
      journal.note('session', shapeOf(client));
      journal.follow('stream', stream, 'ready', 'finish', 'end', 'close');
      stream.on('response', function (received, ...rest) {
        journal.note('response', [this === stream, headersOf(received), rest.length, here()]);
      });
      journal.note('returned', [
        stream.emit('nothing'),
        stream.once('something', () => {}).emit('something'),
        stream.write('first '),
        stream.end('last') === stream,
      ]);
      journal.note('body', await text(stream));
      await once(stream, 'close');
      journal.note('closed', [stream.close() ?? null, shapeOf(stream)]);
      return journal;
    }),
};

exports['error-status'] = {
  calls: ['client GET 500 > server GET 500', 'client GET 404 > server GET 404'],
  run: (path) =>
    serving(
      (stream, headers) =>
        stream.respond({ ':status': headers[':path'].endsWith('500') ? 500 : 404 }, { endStream: true }),
      async (client) => [
        await ask(client, { ':path': `${path}/500` }),
        await ask(client, { ':path': `${path}/404` }),
      ],
    ),
};

exports['application-error'] = {
  calls: ['client GET 200 error=RangeError > server GET 200 error=aborted'],
  run: (path) =>
    serving(half, (client) =>
      ask(
        client,
        { ':path': path },
        { act: (stream) => stream.once('data', () => stream.destroy(new RangeError('mine'))) },
      ),
    ),
};

exports['caller-aborts'] = {
  calls: [
    'client GET',
    'client GET > server GET 200 error=aborted',
    'client GET 200 > server GET 200 error=aborted',
    'client GET 200 > server GET 200 error=aborted',
  ],
  run: (path) =>
    serving(half, async (client) => {
      const headers = { ':path': path };
      const [early, late] = [new AbortController(), new AbortController()];
      return [
        await ask(client, headers, { options: { signal: AbortSignal.abort() } }),
        await ask(client, headers, { options: { signal: early.signal }, act: () => early.abort() }),
        await ask(client, headers, {
          options: { signal: late.signal },
          act: (stream) => stream.once('data', () => late.abort()),
        }),
        await ask(client, headers, {
          act: (stream) => stream.once('data', () => stream.close(NGHTTP2_CANCEL)),
        }),
      ];
    }),
};

exports['callee-breaks-off'] = {
  calls: [
    'client GET error=ERR_HTTP2_STREAM_ERROR > server GET error=aborted',
    'client GET 200 error=aborted > server GET 200 error=aborted',
  ],
  run: (path) =>
    serving(
      (stream, headers) => {
        const [, , how] = headers[':path'].split('/');
        if (how === 'reset') return stream.close(NGHTTP2_REFUSED_STREAM);
        half(stream);
        setImmediate(() => stream.session.destroy());
      },
      async (client) => [
        await ask(client, { ':path': `${path}/reset` }),
        await ask(client, { ':path': `${path}/during` }),
      ],
    ),
};

exports['time-out'] = {
  calls: [
    'client GET error=TimeoutError > server GET error=aborted',
    'client GET error=TimeoutError > server GET error=aborted',
  ],
  run: (path) =>
    serving(silent, async (client) => [
      await ask(
        client,
        { ':path': path },
        { act: (stream) => stream.setTimeout(20, () => stream.close(NGHTTP2_CANCEL)) },
      ),
      await ask(client, { ':path': path }, { options: { signal: AbortSignal.timeout(100) } }),
    ]),
};

exports.refused = {
  calls: ['client GET error=ECONNREFUSED'],
  async run(path) {
    const journal = new Journal();
    const client = http2.connect(`http://127.0.0.1:${await deadPort()}`);
    journal.follow('session', client, 'error', 'close');
    return [await ask(client, { ':path': path }), journal];
  },
};

exports['listener-throws'] = {
  calls: ['client GET 200 > server GET 200'],
  run: (path) =>
    serving(echo, async (client) => {
      const thrown = once(process, 'uncaughtException');
      const throwing = () => {
        throw new TypeError('the listener threw');
      };
      const journal = await ask(
        client,
        { ':path': path },
        { act: (stream) => stream.on('response', throwing) },
      );
      const [error, origin] = await thrown;
      return [plain(error), origin, journal];
    }),
};

exports.streaming = {
  calls: ['client POST 200 > server POST 200'],
  run: (path) =>
    serving(
      (stream) => {
        stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
        stream.respond({}, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ last: '1' }));
        stream.pipe(stream);
      },
      (client) =>
        ask(
          client,
          { ':path': path, ':method': 'POST' },
          {
            act(stream, journal) {
              journal.follow('more', stream, 'headers', 'trailers');
              for (const word of ['one', 'two'])
                stream.write(word, () => journal.note('written', [word, here()]));
            },
          },
        ),
    ),
};

exports.concurrent = {
  calls: Array(6).fill('client GET 200 > server GET 200'),
  run: (path) =>
    serving(
      (stream, headers) => {
        stream.respond();
        stream.end(headers[':path']);
      },
      (client) => {
        const get = (name) =>
          at(name, async () => {
            const stream = client.request({ ':path': `${path}/${name}` });
            const seen = new Promise((resolve) => stream.on('response', () => resolve(here())));
            return [await text(stream), await seen, here()];
          });
        return Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(get));
      },
    ),
};

exports.busy = {
  calls: callsInside('client GET 200 > server GET 200'),
  run: (path) =>
    serving(
      (stream) => setTimeout(() => echo(stream), 1),
      async (client) => {
        await once(client, 'remoteSettings');
        return busy(path, () => text(client.request({ ':path': path })));
      },
      { maxConcurrentStreams: 2 },
    ),
};

exports['bad-arguments'] = {
  // A request that Node rejects is a failed call, unless its first argument is not headers at all.
  calls: [
    'client GET error=ERR_INVALID_ARG_TYPE',
    'client GET error=ERR_INVALID_ARG_TYPE',
    'client GET error=ERR_INVALID_HTTP_TOKEN',
  ],
  run: (path) =>
    serving(echo, (client) => {
      const attempts = [
        () => client.request('none'),
        () => client.request(7),
        () => client.request({ ':path': path }, 'none'),
        () => client.request({ ':path': path }, { endStream: 'yes' }),
        () => client.request({ ':path': path, 'a b': '1' }),
        () => client.emit('error'),
        () => client.emit(),
      ];
      return attempts.map(outcomeOf);
    }),
};

exports.signatures = {
  calls: ['client GET 200 > server GET 200'],
  run: (path) =>
    serving(echo, async (client) => {
      const stream = client.request({ ':path': path }).resume().end();
      const signatures = [signaturesOf(client, 'request'), signaturesOf(stream, 'emit', 'close')];
      await once(stream, 'close');
      return signatures;
    }),
};
