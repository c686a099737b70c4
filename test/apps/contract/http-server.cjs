/** Servers of node:http. Most clients are bare sockets, so that all calls are server calls. */
const { EventEmitter, once } = require('node:events');
const http = require('node:http');
const { setImmediate: turn } = require('node:timers/promises');
const {
  at,
  headersOf,
  here,
  Journal,
  listenersOf,
  outcomeOf,
  plain,
  shapeOf,
  signaturesOf,
} = require('./account.cjs');
const { exchange, peerOf, serving } = require('./wire.cjs');

const requestFor = (path, { method = 'GET', more = '', body = '' } = {}) =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n${body}`;
const LAST = { more: 'Connection: close\r\n' };

/** Notes everything that a handler sees of its request and response. */
function follow(journal, request, response) {
  journal.follow('request', request, 'end', 'aborted', 'error', 'close');
  journal.follow('response', response, 'finish', 'timeout', 'error', 'close');
}

exports.success = {
  calls: ['client GET 200 > server GET 200'],
  async run(path) {
    const journal = new Journal();
    const handler = function (request, response) {
      journal.note('handler', {
        this: this.constructor.name,
        at: here(),
        headers: headersOf(request.headers),
      });
      journal.note('request', shapeOf(request));
      journal.note('response', shapeOf(response));
      journal.note('socket', shapeOf(request.socket));
      journal.note('server', shapeOf(this));
      at('handler', () => follow(journal, request.resume(), response));
      journal.note('returned', [
        response.emit('nothing'),
        response.once('something', () => {}).emit('something'),
        response.setHeader('a', '1') === response,
        response.writeHead(200, { b: '2' }) === response,
        response.write('first '),
        response.end('last') === response,
      ]);
      response.once('close', () => journal.note('socket after', listenersOf(request.socket)));
    };
    await serving(handler, async (origin, server) => {
      const closed = new Promise((resolve) =>
        server.once('request', (_, response) => response.on('close', resolve)),
      );
      const [response] = await once(http.get({ ...origin, path, agent: false }), 'response');
      response.setEncoding('utf8');
      journal.note('answer', [headersOf(response.headers), await response.toArray()]);
      await closed;
    });
    return journal;
  },
};

exports['error-status'] = {
  calls: ['server GET 500', 'server GET 404'],
  run: (path) =>
    serving(
      (request, response) => response.writeHead(request.url.endsWith('500') ? 500 : 404).end(),
      ({ port }) => exchange(port, requestFor(`${path}/500`) + requestFor(`${path}/404`, LAST)),
    ),
};

exports['application-error'] = {
  calls: ['server GET error=Error', 'server GET error=Error'],
  async run(path) {
    const journal = new Journal();
    const handler = (request, response) => {
      follow(journal, request, response);
      const returned = outcomeOf(() =>
        request.url.endsWith('destroy')
          ? response.destroy(new Error('broken')) === response
          : response.emit('error', new Error('told')) && response.destroy(new Error('told')) === response,
      );
      journal.note('returned', returned);
    };
    return serving(handler, async ({ port }) => [
      await exchange(port, requestFor(`${path}/destroy`)),
      await exchange(port, requestFor(`${path}/emit`)),
      journal,
    ]);
  },
};

exports['handler-throws'] = {
  calls: ['server GET 503'],
  async run(path) {
    let respond;
    const reason = once(process, 'uncaughtException').then(([error, origin]) => {
      respond();
      return [plain(error), origin];
    });
    const handler = (_, response) => {
      respond = () => response.writeHead(503).end();
      throw new TypeError('the handler threw');
    };
    return serving(handler, async ({ port }) => [await exchange(port, requestFor(path, LAST)), await reason]);
  },
};

exports['handler-rejects'] = {
  calls: ['server GET 500'],
  async run(path) {
    EventEmitter.captureRejections = true;
    const handler = async () => {
      throw new TypeError('the handler rejected');
    };
    const answer = await serving(handler, ({ port }) => exchange(port, requestFor(path, LAST)));
    EventEmitter.captureRejections = false;
    return answer;
  },
};

exports['client-leaves'] = {
  calls: ['server GET error=aborted', 'server GET 200 error=aborted'],
  async run(path) {
    const journal = new Journal();
    const closed = [];
    const handler = (request, response) => {
      const { socket } = request;
      follow(journal, request, response);
      response.on('close', () => journal.note('peer', peerOf(socket)));
      closed.push(once(response, 'close'));
      if (request.url.endsWith('before')) response.writeProcessing();
      else response.write('something');
    };
    return serving(handler, async ({ port }) => [
      await exchange(port, requestFor(`${path}/before`), /102 Processing/),
      await closed[0],
      await exchange(port, requestFor(`${path}/during`), /something/),
      await closed[1],
      journal,
    ]);
  },
};

exports['server-breaks-off'] = {
  calls: ['server GET error=aborted', 'server GET 200 error=aborted'],
  async run(path) {
    const journal = new Journal();
    const handler = (request, response) => {
      follow(journal, request, response);
      if (request.url.endsWith('before')) request.socket.destroy();
      else response.write('something', () => response.destroy());
    };
    return serving(handler, async ({ port }) => [
      await exchange(port, requestFor(`${path}/before`)),
      await exchange(port, requestFor(`${path}/during`)),
      journal,
    ]);
  },
};

exports['time-out'] = {
  calls: ['server GET error=aborted', 'server GET 504'],
  async run(path) {
    const journal = new Journal();
    const handler = (request, response) => {
      follow(journal, request, response);
      const answer = () => response.writeHead(504).end();
      journal.note('returned', [
        response.setTimeout(20, request.url.endsWith('answered') ? answer : undefined) === response,
        listenersOf(request.socket),
      ]);
      if (request.url.endsWith('destroyed')) response.on('timeout', () => response.destroy());
    };
    return serving(handler, async ({ port }) => [
      await exchange(port, requestFor(`${path}/destroyed`)),
      await exchange(port, requestFor(`${path}/answered`, LAST)),
      journal,
    ]);
  },
};

exports.streaming = {
  calls: ['server POST 200'],
  async run(path) {
    const journal = new Journal();
    const handler = async (request, response) => {
      follow(journal, request, response);
      response.writeHead(200, { trailer: 'total' });
      let total = 0;
      for await (const chunk of request) {
        journal.note('body', [String(chunk), here()]);
        total += chunk.length;
        await new Promise((resolve) => response.write(chunk, resolve));
      }
      response.addTrailers({ total });
      response.end();
    };
    const chunked = {
      method: 'POST',
      more: 'Transfer-Encoding: chunked\r\nConnection: close\r\n',
      body: '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    };
    return [await serving(handler, ({ port }) => exchange(port, requestFor(path, chunked))), journal];
  },
};

exports['pipelined-and-concurrent'] = {
  calls: Array(6).fill('server GET 200'),
  async run(path) {
    const handler = (request, response) =>
      at(request.url, async () => {
        await turn();
        response.on('finish', () => journal.note(request.url, here()));
        response.end(here());
      });
    const journal = new Journal();
    const send = (port, name) =>
      exchange(port, requestFor(`${path}/${name}1`) + requestFor(`${path}/${name}2`, LAST));
    return serving(handler, async ({ port }) => [
      await Promise.all(['a', 'b', 'c'].map((name) => send(port, name))),
      journal,
    ]);
  },
};

exports.expectation = {
  calls: ['server POST 200', 'server POST 200', 'server POST 417'],
  async run(path) {
    const expecting = (expectation) =>
      requestFor(path, {
        method: 'POST',
        more: `Expect: ${expectation}\r\nContent-Length: 2\r\nConnection: close\r\n`,
        body: 'hi',
      });
    const journal = new Journal();
    return serving(
      (request, response) => response.end(request.resume().method),
      async ({ port }, server) => {
        const plainly = await exchange(port, expecting('100-continue'));
        server.on('checkContinue', function (request, response) {
          journal.note('checkContinue', [
            this === server,
            response.writeContinue(),
            response.writeProcessing(),
          ]);
          response.writeEarlyHints({ link: '</a.css>; rel=preload' });
          response.end(request.resume().method);
        });
        return [
          plainly,
          await exchange(port, expecting('100-continue')),
          await exchange(port, expecting('a pony')),
          journal,
        ];
      },
    );
  },
};

exports.tunnel = {
  calls: ['server GET 101', 'server CONNECT 200', 'server GET error=aborted'],
  async run(path) {
    const journal = new Journal();
    const tunnel = function (request, socket, head) {
      journal.note('socket', [this.constructor.name, String(head), request.url]);
      if (request.url.endsWith('refused')) return socket.destroy();
      const code = request.method === 'CONNECT' ? 200 : 101;
      journal.note('returned', socket.write(`HTTP/1.1 ${code} Go on\r\n\r\n`));
      journal.note('socket after', Object.keys(socket));
      journal.note('returned', socket.end(head) === socket);
      return journal.follow('tunnel', socket.resume(), 'end', 'close');
    };
    const upgrade = { more: 'Connection: Upgrade\r\nUpgrade: echo\r\n', body: 'ping' };
    return serving(undefined, async ({ port }, server) => {
      server.on('upgrade', tunnel).on('connect', tunnel);
      return [
        await exchange(port, requestFor(path, upgrade)),
        await exchange(port, requestFor(`${path.slice(1)}:80`, { method: 'CONNECT', body: 'ping' })),
        await exchange(port, requestFor(`${path}/refused`, upgrade)),
        journal,
      ];
    });
  },
};

exports['bad-arguments'] = {
  calls: ['server GET 200'],
  async run(path) {
    const journal = new Journal();
    const handler = (request, response) => {
      response.on('error', (error) => journal.note('errors', plain(error)));
      const attempts = [
        () => response.writeHead(99),
        () => response.setHeader('a b', '1'),
        () => response.setHeader('a'),
        () => response.write(null),
        () => response.write({}),
        () => request.emit('error', new Error('nobody listens')),
        () => request.emit('error', 'no error at all'),
        () => response.on('x', 'no function'),
        () => response.on('x', () => undefined.x).emit('x'),
        () => response.end('ok') === response,
        () => response.write('too late'),
        () => response.setHeader('a', '1'),
        () => response.writeHead(200),
      ];
      journal.note('outcomes', attempts.map(outcomeOf));
    };
    return serving(handler, async ({ port }, server) => [
      await exchange(port, requestFor(path, LAST)),
      outcomeOf(() => server.emit('error', new Error('nobody listens'))),
      outcomeOf(() => server.emit('request')),
      outcomeOf(() => server.emit()),
      journal,
    ]);
  },
};

exports.refused = {
  calls: [],
  run: () => serving(undefined, ({ port }) => exchange(port, 'this is no HTTP\r\n\r\n')),
};

exports.signatures = {
  calls: [],
  run: () =>
    ['Server', 'IncomingMessage', 'ServerResponse'].map((name) => signaturesOf(http[name].prototype, 'emit')),
};
