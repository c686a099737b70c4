import { type Registry, toBinary } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import type { Access } from './access.ts';
import { answerHttpBody, answerJson, answerType } from './answer.ts';
import { bindRequest } from './bind.ts';
import { deadlineOf } from './deadline.ts';
import { isHttpBody } from './http-body.ts';
import { type Binding, capture, type Image } from './image.ts';
import { JSON_TYPE, mediaTypeOf, PROTOBUF, preferred } from './media-types.ts';
import { Refusal } from './refusal.ts';
import { GatewayError, httpStatus, statusBody, toGatewayError } from './status.ts';
import { sendStream } from './stream.ts';
import type { CallOptions, Upstream } from './upstream.ts';

export interface TranscoderOptions {
  readonly image: Image;
  /** Those of the image that this instance serves. */
  readonly bindings: readonly Binding[];
  readonly access: Access;
  /** The most that a call may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The headers that reach the backend, in lower case. */
  readonly headers: readonly string[];
}

/** The method of a custom pattern that leaves the method open. */
const ANY = '*';

/** Answers requests that no binding is for: 405 if one is for the path, else 404. */
export function answerUnknown(app: FastifyInstance, image: Image): void {
  app.setNotFoundHandler((request, reply) => notFound(request, reply, image));
}

/** Serves the bindings of an image: a route for each of their paths, and errors as `google.rpc.Status`. */
export function transcode(app: FastifyInstance, options: TranscoderOptions): void {
  const { image, bindings, access } = options;
  // Each kind of body is read by the rules of its binding.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.setErrorHandler((error, _, reply) => sendError(reply, error, image));

  for (const verb of new Set(bindings.map((each) => each.verb)))
    if (verb !== ANY) app.addHttpMethod(verb, { hasBody: true, overrideExisting: true });
  // A verb is more than a part of the path, and a method that is named more than any.
  const ordered = bindings.toSorted((a, b) => rankOf(b) - rankOf(a));
  const admitted = new WeakMap<FastifyRequest, Target>();
  for (const method of app.supportedMethods) {
    const accepting = ordered.filter(({ verb }) => verb === method || verb === ANY);
    const routes = Map.groupBy(
      accepting.flatMap((binding) => binding.template.routes.map((url) => ({ url, binding }))),
      ({ url }) => shapeOf(url),
    );
    for (const candidates of routes.values()) {
      const [{ url }] = candidates as [Route];
      // Fastify decodes before it selects, so another binding may be the right one.
      const inTurn = new Set([...candidates.map(({ binding }) => binding), ...accepting]);
      const select = (request: FastifyRequest) => {
        const path = pathOf(request);
        for (const binding of inTurn) {
          const captured = capture(binding, path, image);
          if (captured !== undefined) return { binding, captured };
        }
        return undefined;
      };
      app.route({
        method: method as HTTPMethods,
        url,
        exposeHeadRoute: false,
        // Before the body is read.
        onRequest: async (request, reply) => {
          const selected = select(request);
          if (selected === undefined) return;
          const upstream = await access.admit(selected.binding, request, reply);
          admitted.set(request, { ...selected, upstream });
        },
        handler: async (request, reply) => {
          const target = admitted.get(request);
          return target === undefined
            ? notFound(request, reply, image)
            : forward(target, request, reply, options);
        },
      });
    }
  }
}

interface Route {
  readonly url: string;
  readonly binding: Binding;
}

/** Fastify takes routes for the same that differ in the names of their parameters alone. */
function shapeOf(url: string): string {
  return url.replace(/\/:\w+/g, '/:');
}

function rankOf({ verb, template }: Binding): number {
  return (template.verb === undefined ? 0 : 2) + (verb === ANY ? 0 : 1);
}

/** Where a request goes: by which binding, with the values that its path gives to the variables, on which way. */
interface Target {
  readonly binding: Binding;
  readonly captured: readonly string[];
  readonly upstream: Upstream;
}

async function forward(
  { binding, captured, upstream }: Target,
  request: FastifyRequest,
  reply: FastifyReply,
  { image, timeoutMs, headers }: TranscoderOptions,
): Promise<FastifyReply> {
  const { registry } = image;
  const left = new AbortController();
  // The request closes as soon as its body is read; the response closes early only if the client has left.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) left.abort();
  });
  const bytes = requestBytes(binding, captured, request, registry);
  const options: CallOptions = {
    metadata: metadataOf(request, headers),
    deadline: deadlineOf(header(request, 'grpc-timeout'), timeoutMs),
    signal: left.signal,
  };
  if (binding.method.methodKind === 'server_streaming')
    return sendStream(upstream.stream(binding, bytes, options), binding, request, reply, registry);
  const { message } = await upstream.call(binding, bytes, options);
  return sendMessage(binding, message, request, reply, registry);
}

/** Bytes of protobuf that are the whole message pass as they are. */
function requestBytes(
  binding: Binding,
  captured: readonly string[],
  request: FastifyRequest,
  registry: Registry,
): Uint8Array {
  const contentType = header(request, 'content-type') ?? '';
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const isWhole = binding.body === '*' && captured.length === 0 && !isHttpBody(binding.method.input);
  if (isWhole && mediaTypeOf(contentType) === PROTOBUF) return body;
  const query = queryOf(request);
  return toBinary(
    binding.method.input,
    bindRequest(binding, { captured, query, contentType, body }, registry),
  );
}

function sendMessage(
  binding: Binding,
  bytes: Buffer,
  request: FastifyRequest,
  reply: FastifyReply,
  registry: Registry,
): FastifyReply {
  if (isHttpBody(answerType(binding))) {
    const { contentType, data } = answerHttpBody(binding, bytes);
    return reply.type(contentType).send(data);
  }
  const type = preferred(header(request, 'accept'), [JSON_TYPE, PROTOBUF]);
  if (type === PROTOBUF && binding.responseBody === '') return reply.type(PROTOBUF).send(bytes);
  return reply.type(JSON_TYPE).send(JSON.stringify(answerJson(binding, bytes, registry)));
}

/** The headers that may reach the backend. Those of Redhook and other tracers are added by the client of gRPC. */
function metadataOf(request: FastifyRequest, allowed: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const name of allowed) {
    const value = header(request, name);
    if (value !== undefined && !name.endsWith('-bin')) metadata.set(name, value);
  }
  return metadata;
}

function notFound(request: FastifyRequest, reply: FastifyReply, image: Image): FastifyReply {
  const path = pathOf(request);
  const allowed = image.bindings
    .filter((binding) => capture(binding, path, image) !== undefined)
    .flatMap(({ verb }) => (verb === ANY ? request.server.supportedMethods : verb));
  if (allowed.length === 0) {
    return reply
      .code(404)
      .type(JSON_TYPE)
      .send(statusBody(new GatewayError(5, 'there is no such path'), image.registry));
  }
  const error = new GatewayError(12, `${request.method} is not among the methods of this path`);
  reply.header('allow', [...new Set(allowed)].join(', '));
  return reply.code(405).type(JSON_TYPE).send(statusBody(error, image.registry));
}

export function sendError(
  reply: FastifyReply,
  thrown: unknown,
  { registry }: Pick<Image, 'registry'>,
): FastifyReply {
  const error = toGatewayError(thrown);
  // Fastify closes the connection after a body that is too large, and who still sends would never read why.
  reply.removeHeader('connection');
  if (error instanceof Refusal) reply.headers(error.headers);
  const status = error instanceof GatewayError ? error.httpStatus : httpStatus(error.code);
  return reply.code(status).type(JSON_TYPE).send(statusBody(error, registry));
}

/** The path as the client has sent it, which Fastify may have decoded. */
function pathOf({ raw }: FastifyRequest): string {
  return (raw.url ?? '/').split('?', 1)[0] ?? '/';
}

function queryOf({ raw }: FastifyRequest): URLSearchParams {
  const text = raw.url?.split('?').slice(1).join('?') ?? '';
  try {
    // What is read below takes a broken encoding for text.
    decodeURIComponent(text);
  } catch {
    throw new GatewayError(3, 'the query has a broken percent-encoding');
  }
  return new URLSearchParams(text);
}

function header({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
