import type { Registry } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import { answerHttpBody, answerJson, answerType } from './answer.ts';
import { isHttpBody } from './http-body.ts';
import type { Binding } from './image.ts';
import { EVENTS, LINES, PROTOBUF, preferred } from './media-types.ts';
import { type GatewayError, messageOf, statusBody, statusDetails } from './status.ts';

/** How the messages of a server stream are written into the body of a response. */
export interface StreamFormat {
  /** The type of a stream that begins with this message, or that is empty. */
  contentType(first: Buffer | undefined): string;
  message(bytes: Buffer): string | Uint8Array;
  /** What follows the last message. Throws the error where the format has no place for it: then the connection is cut. */
  end(error: GatewayError | ServiceError | undefined): string | Uint8Array | undefined;
}

/** The format that a client accepts. Messages of type `google.api.HttpBody` always follow one another as they are. */
export function streamFormat(binding: Binding, accept: string | undefined, registry: Registry): StreamFormat {
  if (isHttpBody(answerType(binding))) return contents(binding);
  switch (preferred(accept, [LINES, EVENTS, PROTOBUF])) {
    case EVENTS:
      return events(binding, registry);
    case PROTOBUF:
      return binding.responseBody === '' ? frames : lines(binding, registry);
    default:
      return lines(binding, registry);
  }
}

function lines(binding: Binding, registry: Registry): StreamFormat {
  return {
    contentType: () => LINES,
    message: (bytes) => `${JSON.stringify({ result: answerJson(binding, bytes, registry) })}\n`,
    end: (error) => error && `${JSON.stringify({ error: statusBody(error, registry) })}\n`,
  };
}

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
function events(binding: Binding, registry: Registry): StreamFormat {
  return {
    contentType: () => EVENTS,
    message: (bytes) => `data: ${JSON.stringify(answerJson(binding, bytes, registry))}\n\n`,
    end: (error) => error && `event: error\ndata: ${JSON.stringify(statusBody(error, registry))}\n\n`,
  };
}

function contents(binding: Binding): StreamFormat {
  return {
    contentType: (first) => answerHttpBody(binding, first ?? new Uint8Array()).contentType,
    message: (bytes) => answerHttpBody(binding, bytes).data,
    end(error) {
      if (error !== undefined) throw error;
      return undefined;
    },
  };
}

const MESSAGE = 0;
const TRAILERS = 0x80;

/**
 * The bytes of each message behind its length, as gRPC has it, and the status at the end, as gRPC-Web has it.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Length-Prefixed-Message")
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md ("Trailers")
 */
const frames: StreamFormat = {
  contentType: () => PROTOBUF,
  message: (bytes) => frameOf(MESSAGE, bytes),
  end(error) {
    const details = error && statusDetails(error);
    const trailers = {
      'grpc-status': error?.code ?? 0,
      ...(error !== undefined && { 'grpc-message': encodeURIComponent(messageOf(error)) }),
      ...(details !== undefined && { 'grpc-status-details-bin': details.toString('base64') }),
    };
    const text = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
    return frameOf(TRAILERS, Buffer.from(text.join('')));
  },
};

const PREFIX_BYTES = 5;

function frameOf(flags: number, bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + bytes.length);
  frame.writeUInt8(flags, 0);
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, PREFIX_BYTES);
  return frame;
}
