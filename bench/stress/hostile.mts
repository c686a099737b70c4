/** Clients that no server should have to meet: each sends what one kind of broken or malicious client does, once. */
import http2 from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Ports {
  readonly http: number;
  readonly http2: number;
}

const WAIT_MS = 300;
const LONG = 'x'.repeat(7_000);
const HOST = 'Host: shop\r\n';
const WEBSOCKET = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

let count = 0;
/** Something that no earlier request had. */
function fresh(): string {
  count += 1;
  return `n${count}`;
}

const get = (headers = '', target = '/plain'): string => `GET ${target} HTTP/1.1\r\n${HOST}${headers}\r\n`;

export const HOSTILE: Readonly<Record<string, (ports: Ports) => Promise<void>>> = {
  'a bad request line': (ports) => send(ports, `${fresh()}\r\n\r\n`),
  'huge headers': (ports) => send(ports, get(`X-Large: ${LONG.repeat(4)}\r\n`)),
  'thousands of headers': (ports) => send(ports, get('A: b\r\n'.repeat(2_500))),
  'half open': (ports) => send(ports, '', (socket) => socket.end()),
  'slow loris': async (ports) => {
    const pieces = ['GET /plain HT', 'TP/1.1\r\nHo', 'st: shop\r\nX-Slow: '];
    await send(ports, '', async (socket) => {
      for (const piece of pieces) {
        socket.write(piece);
        await delay(50);
      }
    });
  },
  'a reset in the body': (ports) =>
    send(ports, `POST /plain HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\nx`, reset),
  'a reset in the response': (ports) => send(ports, get('', '/large'), resetAtAnswer),
  'a reset while the server calls': (ports) => send(ports, get('', '/call'), reset),
  'gRPC by its content type, over HTTP/1': (ports) =>
    send(
      ports,
      `POST /${fresh()}/Do HTTP/1.1\r\n${HOST}Content-Type: application/grpc\r\nContent-Length: 0\r\n\r\n`,
    ),
  'a bad traceparent': async (ports) => {
    const zeros = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`;
    const bad = [
      zeros,
      `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      '00-xyz',
      LONG,
      `${zeros}\r\nTraceparent: ${zeros}`,
    ];
    for (const traceparent of bad) await send(ports, get(`Traceparent: ${traceparent}\r\n`, '/call'));
  },
  'a bad baggage': async (ports) => {
    for (const baggage of ['%%%', '=;=,;', `k=${LONG}`, `${'a=b,'.repeat(1_000)}__proto__=1`])
      await send(ports, get(`Baggage: ${baggage}\r\n`, '/call'));
  },
  'a giant tracestate': (ports) => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    return send(ports, get(`Traceparent: ${traceparent}\r\nTracestate: a=${LONG},b=${LONG}\r\n`, '/call'));
  },
  'an upgrade that fails': (ports) => send(ports, get(WEBSOCKET, `/${fresh()}`)),
  'a tunnel that is reset': (ports) => send(ports, get(WEBSOCKET, '/tunnel'), resetAtAnswer),
  'pipelined with an error': (ports) => send(ports, `${get()}${get()}${fresh()}\r\n\r\n${get()}`),
  'pipelined and reset': (ports) => send(ports, get('', '/call').repeat(10), resetAtAnswer),
  'chunked garbage': (ports) =>
    send(ports, `POST /plain HTTP/1.1\r\n${HOST}${CHUNKED}\r\nzz\r\n${fresh()}\r\n`),
  'two lengths': (ports) =>
    send(ports, `POST /plain HTTP/1.1\r\n${HOST}${CHUNKED}Content-Length: 3\r\n\r\n0\r\n\r\n`),
  HEAD: (ports) => send(ports, `HEAD /large HTTP/1.1\r\n${HOST}\r\n`),
  CONNECT: (ports) => send(ports, `CONNECT ${fresh()}.example:443 HTTP/1.1\r\n${HOST}\r\n`),
  'OPTIONS *': (ports) => send(ports, `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`),
  'odd methods': async (ports) => {
    for (const method of ['PURGE', 'M-SEARCH', 'QUERY', 'PROPFIND', 'constructor', fresh().toUpperCase()])
      await send(ports, `${method} /plain HTTP/1.1\r\n${HOST}\r\n`);
  },
  'an absolute target': (ports) => send(ports, get('', `http://u:p@${fresh()}.example:1/${fresh()}`)),
  'no host, or two': async (ports) => {
    await send(ports, 'GET / HTTP/1.1\r\n\r\n');
    await send(ports, get(HOST));
  },
  'an odd expectation': async (ports) => {
    for (const expect of ['100-continue', fresh()])
      await send(ports, `POST /plain HTTP/1.1\r\n${HOST}Expect: ${expect}\r\nContent-Length: 1\r\n\r\nx`);
  },
  'TLS to a plain port': (ports) => send(ports, Buffer.from('160301020001000001fc0303', 'hex')),
  'HTTP/2 to a port for HTTP/1': (ports) => send(ports, PREFACE),
  'forged origins': (ports) =>
    send(
      ports,
      get(
        `X-Forwarded-Proto: ${fresh()},constructor\r\nX-Forwarded-Host: ${fresh()}\r\nX-Forwarded-For: ${LONG}\r\n` +
          `Forwarded: proto="__proto__";host=";;"\r\nUser-Agent: ${fresh()}\r\n`,
        `/${fresh()}?${LONG}`,
      ),
    ),
  'HTTP/0.9 and 1.0': async (ports) => {
    await send(ports, 'GET /\r\n\r\n');
    await send(ports, 'GET /plain HTTP/1.0\r\n\r\n');
  },
  'unknown gRPC methods': (ports) =>
    overHttp2(ports, 10, () => ({
      ':method': 'POST',
      ':path': `/${fresh()}.${LONG.slice(0, 1_000)}/Do`,
      'content-type': 'application/grpc',
      te: 'trailers',
    })),
  'a scheme named constructor': (ports) =>
    overHttp2(ports, 5, () => ({ ':path': '/plain', ':scheme': 'constructor', ['__proto__']: 'x' })),
  'bad trace context over HTTP/2': (ports) =>
    overHttp2(ports, 5, () => ({ ':path': '/plain', traceparent: LONG, baggage: `${fresh()}=${LONG}` })),
  'streams reset at once': (ports) => overHttp2(ports, 100, () => ({ ':path': '/large' }), true),
  'odd methods over HTTP/2': (ports) =>
    overHttp2(ports, 5, () => ({ ':path': '*', ':method': fresh(), ':authority': '' })),
  'pings without end': (ports) =>
    withHttp2(ports, (session) => {
      for (let i = 0; i < 200; i += 1) session.ping(() => {});
    }),
  'broken frames': (ports) =>
    sendTo(ports.http2, Buffer.concat([Buffer.from(PREFACE), Buffer.alloc(900, 0xff)])),
  'half a frame': (ports) =>
    sendTo(ports.http2, Buffer.concat([Buffer.from(PREFACE), Buffer.alloc(5)]), reset),
};

const send = ({ http }: Ports, bytes: string | Buffer, then?: Then): Promise<void> =>
  sendTo(http, bytes, then);

/** What a client does after it has sent its bytes. */
type Then = (socket: Socket) => unknown;

const reset: Then = (socket) => delay(20).then(() => socket.resetAndDestroy());
const resetAtAnswer: Then = (socket) => socket.once('data', () => socket.resetAndDestroy());

/** Waits until the server closes the connection, or for a moment. */
function sendTo(port: number, bytes: string | Buffer, then: Then = () => {}): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(), WAIT_MS);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.on('connect', () => {
      socket.write(bytes);
      void then(socket);
      // An open connection without an answer to wait for.
      socket.resume();
    });
  });
}

async function withHttp2(ports: Ports, use: (session: http2.ClientHttp2Session) => void): Promise<void> {
  const session = http2.connect(`http://127.0.0.1:${ports.http2}`);
  session.on('error', () => {});
  session.on('connect', () => use(session));
  await delay(WAIT_MS);
  session.destroy();
}

function overHttp2(
  ports: Ports,
  streams: number,
  headers: () => http2.OutgoingHttpHeaders,
  isReset = false,
): Promise<void> {
  return withHttp2(ports, (session) => {
    for (let i = 0; i < streams; i += 1) {
      const stream = session.request(headers(), { endStream: true });
      stream.on('error', () => {}).resume();
      if (isReset) stream.close(http2.constants.NGHTTP2_CANCEL);
    }
  });
}
