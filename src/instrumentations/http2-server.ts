import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Attributes, Call, Calls, Instrumentation } from '../instrumentation.js';
import { isGrpc } from '../semconv/grpc.js';
import { HTTP_SERVER } from '../semconv/http.js';
import { connectionAttributes, schemeOf, targetAttributes } from '../semconv/http-server.js';
import { propertyOf } from '../semconv/property.js';
import { type ObservedRequest, observeServerStreams } from './http2/server-streams.js';

/**
 * Servers of node:http2, with the stream API and the compatibility API. A call begins with the request headers and
 * ends when its stream closes: after success, a reset or a lost connection. `grpc-server` observes gRPC requests.
 */
export const http2Server: Instrumentation = {
  name: 'http2-server',
  aliases: ['http', 'http2'],
  observes: 'Servers of node:http2',
  conventions: [HTTP_SERVER],
  targets: [
    {
      builtin: 'node:http2',
      attach(_http2, calls, guard) {
        const boundary = {
          open: guard((stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: Http2Session) =>
            isGrpc(headers) ? undefined : open(stream, headers, session, calls.open),
          ),
          adopt: guard(
            (call: Call, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: Http2Session) =>
              open(stream, headers, session, (start) => {
                calls.change(call, start);
                return call;
              }),
          ),
          end: guard(end),
        };
        observeServerStreams(boundary, calls);
      },
    },
    // Published when the response headers are sent. Node 22.15 lacks this channel: there a tunnel ends with its stream.
    { channel: 'http2.server.stream.finish', attach: endTunnel },
  ],
};

const tunnels = new WeakSet<ServerHttp2Stream>();

function open(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  session: Http2Session,
  openCall: Calls['open'],
): ObservedRequest | undefined {
  if (headers[':method'] === 'CONNECT') tunnels.add(stream);
  const call = openCall({
    kind: 'server',
    convention: HTTP_SERVER,
    operation: headers[':method'] ?? '',
    subjects: [stream],
    extractFrom: headers,
    attributes: {
      'url.scheme': schemeOf(headers, session.encrypted === true),
      'network.protocol.version': '2',
    },
    spanAttributes: () => targetAttributes(headers[':path'] ?? ''),
    sharedAttributes: () => sharedAttributesOf(session, headers),
  });
  return call && { call };
}

function sharedAttributesOf(session: Http2Session, headers: IncomingHttpHeaders): Attributes {
  const authority = headers[':authority'] ?? headers.host;
  // Node throws when the socket of a destroyed session is used.
  const socket = session.destroyed ? undefined : session.socket;
  return connectionAttributes({ authority, headers, encrypted: session.encrypted === true, socket }, session);
}

function end({ call }: ObservedRequest, stream: ServerHttp2Stream, session: Http2Session): void {
  call.end({ code: statusOf(stream), error: isComplete(stream, session) ? undefined : causeOf(stream) });
}

/**
 * A response is complete when the application has ended it and neither the stream nor its session has been torn down.
 * `finish` is no sign of that: the stream of a response that is written in one piece closes before it.
 */
function isComplete({ writableEnded, aborted, rstCode }: ServerHttp2Stream, session: Http2Session): boolean {
  return writableEnded && !aborted && rstCode === 0 && !session.destroyed;
}

/** Node reports a reset as ERR_HTTP2_STREAM_ERROR or as no error at all. Both are `aborted`. */
function causeOf({ errored }: ServerHttp2Stream): unknown {
  const isReset = propertyOf(errored, 'code') === 'ERR_HTTP2_STREAM_ERROR';
  return isReset ? 'aborted' : (errored ?? 'aborted');
}

/** A CONNECT ends with its response headers, as over HTTP/1. The bytes in the tunnel are not part of the request. */
function endTunnel({ stream }: { stream: ServerHttp2Stream }, calls: Calls): void {
  if (tunnels.has(stream)) calls.of(stream)?.end({ code: statusOf(stream) });
}

function statusOf({ sentHeaders }: ServerHttp2Stream): number | undefined {
  const status = sentHeaders?.[':status'];
  return status === undefined ? undefined : Number(status);
}
