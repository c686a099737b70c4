/** Node's `fetch` and the application's undici. Many servers are bare sockets, so that all calls are client calls. */
const { PassThrough } = require('node:stream');
const { setImmediate: turn } = require('node:timers/promises');
const undici = require('undici7');
const { at, headersOf, here, Journal, outcomeOf, plain, shapeOf, signaturesOf } = require('./account.cjs');
const { busy, callsInside } = require('./busy.cjs');
const wire = require('./wire.cjs');

const serving = (handler, use) => wire.serving(handler, (origin) => use(urlOf(origin)));
const answering = (answer, use) => wire.answering(answer, (origin) => use(urlOf(origin)));
const urlOf = ({ host, port }) => `http://${host}:${port}`;

/** Fetches, and returns all that the application sees of the response or the failure. */
async function ask(url, options, read = (response) => response.text()) {
  return at('caller', async () => {
    try {
      const response = await fetch(url, options);
      const { status, statusText, headers, ok, type, redirected } = response;
      const answer = [
        status,
        statusText,
        headersOf(Object.fromEntries(headers)),
        ok,
        type,
        redirected,
        response.url,
      ];
      return [answer, shapeOf(response), here(), await read(response).catch(plain), here()];
    } catch (error) {
      return [plain(error), here()];
    }
  });
}

exports.success = {
  calls: ['client POST 200 > server POST 200'],
  run: (path) =>
    serving(
      (request, response) => request.pipe(response),
      async (url) => {
        const headers = new Headers({ 'X-Mine': '1' });
        const request = new Request(url + path, { method: 'POST', body: 'hi', headers });
        const answer = await ask(request);
        return [answer, [...headers], [...request.headers], request.bodyUsed, shapeOf(request)];
      },
    ),
};

exports['error-status'] = {
  calls: ['client GET 500 > server GET 500', 'client GET 404 > server GET 404'],
  run: (path) =>
    serving(
      (request, response) => response.writeHead(request.url.endsWith('500') ? 500 : 404).end(),
      async (url) => [await ask(`${url}${path}/500`), await ask(`${url}${path}/404`)],
    ),
};

exports.redirect = {
  calls: [
    'client GET 302 > server GET 302',
    'client GET 200 > server GET 200',
    'client GET 302 > server GET 302',
    'client GET 302 > server GET 302',
  ],
  run: (path) =>
    serving(
      (request, response) =>
        request.url.endsWith('there')
          ? response.end('there')
          : response.writeHead(302, { location: `${path}/there` }).end(),
      async (url) => [
        await ask(url + path),
        await ask(url + path, { redirect: 'manual' }),
        await ask(url + path, { redirect: 'error' }),
      ],
    ),
};

exports['application-error'] = {
  // Of its own body. undici reports it like a reason to abort, and the server has no part in it.
  calls: ['client POST'],
  run: (path) =>
    answering(
      () => {},
      (url) => {
        const body = new ReadableStream({
          pull(controller) {
            controller.error(new RangeError('mine'));
          },
        });
        return ask(url + path, { method: 'POST', body, duplex: 'half' });
      },
    ),
};

exports['caller-aborts'] = {
  calls: ['client GET', 'client GET 200', 'client GET 200'],
  run: (path) =>
    answering(
      (socket) => {
        if (!early.signal.aborted) return early.abort();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
      },
      async (url) => {
        const late = new AbortController();
        const abort = (response) => {
          late.abort();
          return response.text();
        };
        return [
          await ask(url + path, { signal: AbortSignal.abort() }),
          await ask(url + path, { signal: early.signal }),
          await ask(url + path, { signal: late.signal }, abort),
          await ask(url + path, {}, async (response) => (await response.body.cancel()) ?? null),
        ];
      },
    ),
};
const early = new AbortController();

exports['caller-aborts-with-a-reason'] = {
  calls: ['client GET 200'],
  run: (path) =>
    answering(
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
      (url) => {
        const late = new AbortController();
        return ask(url + path, { signal: late.signal }, (response) => {
          late.abort(new RangeError('mine'));
          return response.text();
        });
      },
    ),
};

exports['connection-drops'] = {
  calls: [
    'client GET error=UND_ERR_SOCKET',
    'client GET 200 error=UND_ERR_SOCKET',
    'client GET error=HTTPParserError',
  ],
  async run(path) {
    const answers = [
      (socket) => socket.destroy(),
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', () => socket.end()),
      (socket) => socket.end('this is no HTTP'),
    ];
    const accounts = [];
    for (const answer of answers) accounts.push(await answering(answer, (url) => ask(url + path)));
    return accounts;
  },
};

exports['time-out'] = {
  calls: ['client GET error=TimeoutError', 'client GET error=UND_ERR_HEADERS_TIMEOUT'],
  run: (path) =>
    answering(
      () => {},
      async (url) => {
        const dispatcher = new undici.Agent({ headersTimeout: 20 });
        const accounts = [
          await ask(url + path, { signal: AbortSignal.timeout(100) }),
          await undici.request(url + path, { dispatcher }).catch(plain),
        ];
        await dispatcher.destroy();
        return accounts;
      },
    ),
};

exports.refused = {
  calls: ['client GET error=ECONNREFUSED'],
  run: async (path) => ask(`http://127.0.0.1:${await wire.deadPort()}${path}`),
};

exports.streaming = {
  calls: ['client POST 200 > server POST 200'],
  run: (path) =>
    serving(
      (request, response) => request.pipe(response),
      (url) => {
        const body = ReadableStream.from([Buffer.from('one'), Buffer.from('two')]);
        const read = async (response) => {
          const places = new Set();
          for await (const _ of response.body) places.add(here());
          return [...places];
        };
        return ask(url + path, { method: 'POST', body, duplex: 'half' }, read);
      },
    ),
};

exports.concurrent = {
  calls: Array(6).fill('client GET 200 > server GET 200'),
  run: (path) =>
    serving(
      (request, response) => response.end(request.url),
      (url) => {
        const get = (name) =>
          at(name, async () => {
            const response = await fetch(`${url}${path}/${name}`);
            return [here(), await response.text(), here()];
          });
        return Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(get));
      },
    ),
};

exports.undici = {
  calls: Array(3).fill('client GET 200 > server GET 200'),
  run: (path) =>
    serving(
      (_, response) => response.end('ok'),
      (url) =>
        at('caller', async () => {
          const pool = new undici.Pool(url);
          const { statusCode, headers, body } = await undici.request(url + path, { dispatcher: pool });
          const account = [statusCode, headersOf(headers), await body.text(), here()];
          const journal = new Journal();
          const events = {};
          for (const event of ['onRequestStart', 'onResponseStart', 'onResponseEnd']) {
            events[event] = function (...args) {
              journal.note('dispatch', [event, this === events, args.length, here()]);
            };
          }
          journal.note(
            'returned',
            pool.dispatch({ path, method: 'GET' }, { ...events, onResponseData() {} }),
          );
          const opaque = { mine: 1 };
          const stream = await pool.stream({ path, method: 'GET', opaque }, ({ opaque: given }) => {
            journal.note('stream', [given === opaque, here()]);
            return new PassThrough().resume();
          });
          await pool.close();
          return [account, Object.keys(stream), journal];
        }),
    ),
};

for (const name of ['undici6', 'undici7', 'undici'])
  exports[`busy-${name}`] = {
    calls: callsInside(
      '(client GET 200 > server GET 200, client GET 200 > server GET 200, client GET 302 > server GET 302)',
    ),
    run: (path) =>
      serving(
        (request, response) =>
          request.url.endsWith('away')
            ? response.writeHead(302, { location: path }).end()
            : setTimeout(() => response.end('ok'), 1),
        async (url) => {
          const { Agent, fetch, interceptors, request } = require(name);
          const pool = new Agent({ connections: 2 });
          const dispatcher = pool.compose(interceptors.redirect({ maxRedirections: 1 }));
          const accounts = await busy(path, async () => {
            const fetched = await fetch(url + path, { dispatcher: pool });
            const { body } = await request(`${url}${path}/away`, { dispatcher });
            return [await fetched.text(), await body.text()];
          });
          await pool.close();
          return accounts;
        },
      ),
  };

exports['bad-arguments'] = {
  calls: [],
  async run(path) {
    const url = `http://127.0.0.1:${await wire.deadPort()}${path}`;
    const attempts = [
      ask('no url'),
      ask(url, { method: 'G T' }),
      ask(url, { headers: { 'a b': '1' } }),
      ask(url, { body: 'no body in a GET' }),
      ask(url, { signal: 'none' }),
      ask('ftp://127.0.0.1/'),
      ask('http://mine:secret@127.0.0.1/'),
      undici.request(url, { method: 'G T' }).catch(plain),
      undici.request(url, { headers: ['odd'] }).catch(plain),
    ];
    const answers = await Promise.all(attempts);
    await turn();
    return [
      answers,
      outcomeOf(() => new Request('no url')),
      outcomeOf(() => undici.request({ origin: 'x' })),
      signaturesOf(globalThis, 'fetch'),
    ];
  },
};
