/** Requests of node:http. Many servers are bare sockets, so that all calls are client calls. */
const { once } = require('node:events');
const http = require('node:http');
const { text } = require('node:stream/consumers');
const { at, headersOf, here, Journal, outcomeOf, plain, shapeOf, signaturesOf } = require('./account.cjs');
const { busy, callsInside } = require('./busy.cjs');
const { answering, deadPort, serving } = require('./wire.cjs');

/** Makes a request, notes everything that its caller sees, and waits for its end. */
async function ask(options, { act = () => {}, respond = (response) => response.resume() } = {}) {
  const journal = new Journal();
  const request = at('caller', () => http.request({ agent: false, ...options }));
  journal.follow('request', request, 'finish', 'response', 'timeout', 'abort', 'error', 'close');
  request.on('response', (response) => {
    journal.follow('response', response, 'end', 'aborted', 'error', 'close');
    respond(response, request, journal);
  });
  const closed = new Promise((resolve) => request.on('close', () => setImmediate(resolve)));
  act(request, journal);
  request.end();
  await closed;
  return journal;
}

exports.success = {
  calls: ['client POST 200 > server POST 200'],
  run: (path) =>
    serving(
      (request, response) => request.pipe(response),
      async (origin) => {
        const journal = new Journal();
        const headers = { 'X-Mine': '1' };
        const request = at('caller', () =>
          http.request({ ...origin, path, method: 'POST', headers, agent: false }, function (response) {
            journal.note('callback', [
              this === request,
              here(),
              response.statusCode,
              headersOf(response.headers),
            ]);
            journal.note('response', shapeOf(response));
            journal.follow('response', response, 'end', 'close');
            text(response).then((body) => journal.note('body', [body, here()]));
          }),
        );
        journal.note('request', shapeOf(request));
        journal.note('headers', [headers, headersOf(request.getHeaders())]);
        journal.follow('request', request, 'finish', 'response', 'close');
        request.on('socket', (socket) => journal.note('socket', shapeOf(socket)));
        journal.note('returned', [
          request.emit('nothing'),
          request.once('something', () => {}).emit('something'),
          request.setNoDelay() ?? null,
          request.write('first '),
          request.end('last') === request,
        ]);
        await once(request, 'close');
        return journal;
      },
    ),
};

exports['error-status'] = {
  calls: ['client GET 500 > server GET 500', 'client GET 404 > server GET 404'],
  run: (path) =>
    serving(
      (request, response) => response.writeHead(request.url.endsWith('500') ? 500 : 404).end(),
      async (origin) => [
        await ask({ ...origin, path: `${path}/500` }),
        await ask({ ...origin, path: `${path}/404` }),
      ],
    ),
};

exports['application-error'] = {
  calls: ['client GET error=RangeError', 'client GET 200 error=RangeError'],
  run: (path) =>
    answering(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
      async (origin) => [
        await ask({ ...origin, path }, { act: (request) => request.destroy(new RangeError('mine')) }),
        await ask({ ...origin, path }, { respond: (response) => response.destroy(new RangeError('mine')) }),
      ],
    ),
};

exports['caller-aborts'] = {
  calls: [...Array(3).fill('client GET'), ...Array(2).fill('client GET 200')],
  run: (path) =>
    answering(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
      async (origin) => {
        const [early, late] = [new AbortController(), new AbortController()];
        return [
          await ask({ ...origin, path, signal: AbortSignal.abort() }),
          await ask({ ...origin, path, signal: early.signal }, { act: () => early.abort() }),
          await ask({ ...origin, path }, { act: (request) => request.abort() }),
          await ask({ ...origin, path, signal: late.signal }, { respond: () => late.abort() }),
          await ask({ ...origin, path }, { respond: (_, request) => request.abort() }),
        ];
      },
    ),
};

exports['connection-drops'] = {
  calls: [
    'client GET error=ECONNRESET',
    'client GET 200 error=ECONNRESET',
    'client GET error=HPE_INVALID_CONSTANT',
  ],
  async run(path) {
    const answers = [
      (socket) => socket.destroy(),
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', () => socket.destroy()),
      (socket) => socket.end('this is no HTTP'),
    ];
    const accounts = [];
    for (const answer of answers) {
      accounts.push(await answering(answer, (origin) => ask({ ...origin, path })));
    }
    return accounts;
  },
};

exports['time-out'] = {
  calls: ['client GET error=Error', 'client GET error=TimeoutError', 'client GET error=ECONNRESET'],
  run: (path) =>
    answering(
      () => {},
      async (origin) => {
        const giveUp = (error) => (request) => request.on('timeout', () => request.destroy(error));
        return [
          await ask({ ...origin, path, timeout: 100 }, { act: giveUp(new Error('too slow')) }),
          await ask({ ...origin, path, signal: AbortSignal.timeout(100) }),
          await ask({ ...origin, path, timeout: 100 }, { act: giveUp() }),
        ];
      },
    ),
};

exports.refused = {
  calls: ['client GET error=ECONNREFUSED'],
  run: async (path) => ask({ host: '127.0.0.1', port: await deadPort(), path }),
};

exports['listener-throws'] = {
  // Node closes the connection when a `response` listener throws.
  calls: ['client GET 200 error=ECONNRESET > server GET 200'],
  run: (path) =>
    serving(
      (_, response) => response.end('ok'),
      async (origin) => {
        const thrown = once(process, 'uncaughtException');
        const journal = await ask(
          { ...origin, path },
          {
            respond(response) {
              response.resume();
              throw new TypeError('the listener threw');
            },
          },
        );
        const [error, kind] = await thrown;
        return [plain(error), kind, journal];
      },
    ),
};

exports.streaming = {
  calls: ['client POST 200 > server POST 200'],
  run: (path) =>
    serving(
      (request, response) => {
        response.writeHead(200, { trailer: 'last' });
        response.addTrailers({ last: '1' });
        request.pipe(response);
      },
      (origin) =>
        ask(
          { ...origin, path, method: 'POST', headers: { expect: '100-continue' } },
          {
            act(request, journal) {
              journal.follow('information', request, 'continue', 'information');
              for (const word of ['one', 'two']) request.write(word, () => journal.note('written', word));
            },
            async respond(response, _, journal) {
              journal.note('body', [await text(response), response.trailers, here()]);
            },
          },
        ),
    ),
};

exports.concurrent = {
  calls: Array(6).fill('client GET 200 > server GET 200'),
  run: (path) =>
    serving(
      (request, response) => response.end(request.url),
      async (origin) => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
        const get = (name) =>
          new Promise((resolve) =>
            at(name, () =>
              http.get({ ...origin, path: `${path}/${name}`, agent }, async (response) =>
                resolve([here(), await text(response), here()]),
              ),
            ),
          );
        const answers = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(get));
        const seen = [shapeOf(agent), agent.totalSocketCount];
        agent.destroy();
        return [answers, seen];
      },
    ),
};

exports.busy = {
  calls: callsInside('client GET 200 > server GET 200'),
  run: (path) =>
    serving(
      (_, response) => setTimeout(() => response.end('ok'), 1),
      async (origin) => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
        const accounts = await busy(path, async () => {
          const [response] = await once(http.get({ ...origin, path, agent }), 'response');
          return text(response);
        });
        agent.destroy();
        return accounts;
      },
    ),
};

exports.tunnel = {
  calls: ['client GET 101', 'client CONNECT 101'],
  run: (path) =>
    answering(
      (socket) => socket.end('HTTP/1.1 101 Go on\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhead'),
      async (origin) => {
        const journal = new Journal();
        const headers = { connection: 'Upgrade', upgrade: 'echo' };
        for (const [event, options] of [
          ['upgrade', { headers }],
          ['connect', { method: 'CONNECT' }],
        ]) {
          const request = at('caller', () =>
            http.request({ ...origin, path, agent: false, ...options }),
          ).end();
          const [response, socket, head] = await once(request, event);
          journal.note(event, [response.statusCode, String(head), shapeOf(socket), here()]);
          socket.destroy();
        }
        return journal;
      },
    ),
};

exports['unread-response'] = {
  calls: ['client GET 200'],
  run: (path) =>
    answering(
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'),
      (origin) =>
        ask(
          { ...origin, path },
          { respond: (response, request) => request.on('close', () => response.resume()) },
        ),
    ),
};

exports['bad-arguments'] = {
  calls: ['client GET error=Error'],
  async run(path) {
    const attempts = [
      () => http.request('no url'),
      () => http.request({ path: 'a b' }),
      () => http.request({ method: 'G T' }),
      () => http.request({ method: 7 }),
      () => http.request({ headers: { 'a b': '1' } }),
      () => http.request({ protocol: 'ftp:' }),
      () => http.request({ agent: 'mine' }),
      () => http.request({ host: {} }),
    ];
    const port = await deadPort();
    const request = await ask(
      { host: '127.0.0.1', port, path },
      {
        act(request, journal) {
          const onRequest = [
            () => request.setHeader('a'),
            () => request.write(null),
            () => request.setTimeout('long'),
            () => request.on('x', () => undefined.x).emit('x'),
            () => request.destroy(new Error('enough')) === request,
            () => request.emit(),
          ];
          journal.note('outcomes', onRequest.map(outcomeOf));
        },
      },
    );
    return [attempts.map(outcomeOf), request];
  },
};

exports.signatures = {
  calls: [],
  run: () => [
    signaturesOf(http.ClientRequest.prototype, 'emit'),
    signaturesOf(http.Agent.prototype, 'addRequest'),
  ],
};
