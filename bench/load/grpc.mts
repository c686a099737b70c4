import { connect } from 'node:net';

/**
 * Makes `count` unary calls, `parallel` at a time, on one connection, as a gRPC client does. The HTTP/2 frames are
 * written by hand, because a real client needs more CPU time per call than the server under test.
 *
 * @returns the duration of each call, in milliseconds
 * @see https://www.rfc-editor.org/rfc/rfc9113#name-frame-format
 */
export function loadGrpc(port: number, count: number, parallel: number): Promise<Float64Array> {
  return new Promise((resolve, reject) => {
    const latencies = new Float64Array(count);
    const startedAt = new Map<number, number>();
    const answered = new Set<number>();
    const headers = requestHeaders(port);
    const socket = connect(port, '127.0.0.1').setNoDelay(true);
    let sent = 0;
    let done = 0;

    const call = (): void => {
      const stream = 2 * sent + 1;
      sent += 1;
      startedAt.set(stream, performance.now());
      socket.write(
        Buffer.concat([
          frame(HEADERS, END_HEADERS, stream, headers),
          frame(DATA, END_STREAM, stream, REQUEST_MESSAGE),
        ]),
      );
    };
    const receive = (type: number, flags: number, stream: number, payload: Buffer): void => {
      if (type === SETTINGS && (flags & ACK) === 0) socket.write(frame(SETTINGS, ACK, 0, NOTHING));
      if (type === PING && (flags & ACK) === 0) socket.write(frame(PING, ACK, 0, payload));
      if (type === RST_STREAM || type === GOAWAY)
        throw new Error(`the server has reset the stream ${stream}`);
      // A failed call has no message, so it never counts as answered.
      if (type === DATA) answered.add(stream);
      if ((flags & END_STREAM) === 0 || (type !== HEADERS && type !== DATA)) return;
      if (!answered.delete(stream)) throw new Error('a call has failed');
      latencies[done] = performance.now() - (startedAt.get(stream) as number);
      startedAt.delete(stream);
      done += 1;
      if (sent < count) call();
      if (done < count) return;
      socket.destroy();
      resolve(latencies);
    };

    let rest: Buffer = NOTHING;
    socket.on('connect', () => {
      socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, NOTHING), LARGE_WINDOW]));
      for (let i = 0; i < Math.min(parallel, count); i += 1) call();
    });
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      try {
        while (rest.length >= FRAME_HEAD) {
          const end = FRAME_HEAD + rest.readUIntBE(0, 3);
          if (rest.length < end) return;
          const payload = rest.subarray(FRAME_HEAD, end);
          receive(rest.readUInt8(3), rest.readUInt8(4), rest.readUInt32BE(5), payload);
          rest = rest.subarray(end);
        }
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server has closed the connection')));
  });
}

const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8] as const;
const [ACK, END_STREAM, END_HEADERS] = [1, 1, 4] as const;
const FRAME_HEAD = 9;
const NOTHING = Buffer.alloc(0);
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** The largest possible window, so that all responses fit. */
const LARGE_WINDOW = frame(WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0xff, 0, 0]));
/** `{ id: '42' }` after the five-byte prefix of a gRPC message. */
const REQUEST_MESSAGE = Buffer.from([0, 0, 0, 0, 4, 0x0a, 2, 0x34, 0x32]);

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields that are not indexed. The first two come from the static table (RFC 7541, appendix A). */
function requestHeaders(port: number): Buffer {
  const fields = Object.entries({
    ':path': '/shop.Orders/Get',
    ':authority': `127.0.0.1:${port}`,
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'bench/1.0',
    'grpc-accept-encoding': 'identity,deflate,gzip',
  });
  const [METHOD_POST, SCHEME_HTTP, LITERAL] = [0x83, 0x86, 0];
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  return Buffer.from([
    METHOD_POST,
    SCHEME_HTTP,
    ...fields.flatMap(([name, value]) => [LITERAL, ...text(name), ...text(value)]),
  ]);
}
