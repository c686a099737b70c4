import fastify, { type FastifyInstance } from 'fastify';
import { answerClientError } from './client-error.ts';
import type { Config } from './config.ts';
import type { Image } from './image.ts';
import { sendError } from './transcoder.ts';

/** Longer than any identifier; what is longer is no path of ours. */
const MAX_PARAMETER_LENGTH = 4_096;
/** How often Node looks for clients that are too slow. */
const CHECK_MS = 500;

/** A server without routes, with the limits of the configuration. */
export function createServer({ limits, timeout_ms }: Config, image: Image): FastifyInstance {
  const app = fastify({
    bodyLimit: limits.body_bytes,
    requestTimeout: limits.request_ms,
    // Nothing moves for longer than a request and its call may take: the client has stopped to read.
    connectionTimeout: limits.request_ms + timeout_ms,
    http: {
      maxHeaderSize: limits.header_bytes,
      headersTimeout: Math.min(limits.headers_ms, limits.request_ms),
      requestTimeout: limits.request_ms,
      connectionsCheckingInterval: CHECK_MS,
    },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // A request may name the origin in front of its path (RFC 9112, section 3.2.2).
    rewriteUrl: ({ url = '/' }) => url.replace(/^https?:\/\/[^/?]*/i, ''),
    // At the end, requests on open connections are still answered.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    // A path that cannot be decoded never comes to a route.
    frameworkErrors: (error, _, reply) => void sendError(reply, error, image),
  });
  app.server.maxConnections = limits.connections;
  return app;
}
