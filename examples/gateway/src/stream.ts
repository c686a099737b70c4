import { Readable } from 'node:stream';
import type { Registry } from '@bufbuild/protobuf';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Binding } from './image.ts';
import { toGatewayError } from './status.ts';
import { type StreamFormat, streamFormat } from './stream-format.ts';

/**
 * Sends the messages of a server stream in the format that the client accepts. An error before the first message is a plain
 * answer; a later one ends the body. The backend is read only as fast as the client reads.
 */
export async function sendStream(
  call: ClientReadableStream<Buffer>,
  binding: Binding,
  request: FastifyRequest,
  reply: FastifyReply,
  registry: Registry,
): Promise<FastifyReply> {
  const format = streamFormat(binding, request.headers.accept, registry);
  const messages = call[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const first = await messages.next();
  return reply
    .type(format.contentType(first.value))
    .header('cache-control', 'no-store')
    .send(Readable.from(bodyOf(call, first, messages, format)));
}

async function* bodyOf(
  call: ClientReadableStream<Buffer>,
  first: IteratorResult<Buffer, undefined>,
  rest: AsyncIterator<Buffer, undefined>,
  format: StreamFormat,
): AsyncGenerator<string | Uint8Array> {
  let failure: ReturnType<typeof toGatewayError> | undefined;
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield format.message(next.value);
  } catch (error) {
    // A message that cannot be read ends the body, but not yet the call.
    call.cancel();
    failure = toGatewayError(error);
  }
  const end = format.end(failure);
  if (end !== undefined) yield end;
}
