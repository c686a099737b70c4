import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { JSON_TYPE } from './media-types.ts';

/** By the code of an error of Node: the status of HTTP, the code of gRPC and what is wrong. */
const KNOWN: Readonly<Record<string, readonly [status: number, code: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 4, 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 8, 'the headers are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 8, 'the extensions of a chunk are too large'],
};
const MALFORMED = [400, 3, 'this is no request of HTTP/1.1'] as const;

/** Answers what Node cannot read as a request, so that it never comes to a route, and closes the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = KNOWN[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ code, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
