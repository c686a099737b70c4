import type { Socket } from 'node:net';
import type { Attributes } from '../../instrumentation.js';
import { privateField } from '../../patching/private-field.js';
import { peerOf } from '../../semconv/peer.js';

export interface Channel {
  readonly connection: { readonly stream: Socket };
}

export interface Message {
  readonly fields: { readonly deliveryTag: number; readonly routingKey?: string };
  readonly properties: {
    readonly headers?: object;
    readonly messageId?: unknown;
    readonly correlationId?: unknown;
  };
}

export interface Options {
  readonly headers?: object;
  readonly noAck?: boolean;
}

/** The labels of an operation of `type` on a channel. */
export function labelsOf({ connection: { stream } }: Channel, type: string): Attributes {
  return { 'messaging.system': 'rabbitmq', 'messaging.operation.type': type, ...serverOf(stream) };
}

const servers = privateField<Attributes>();

/** The other end of the connection, whose options amqplib does not keep. */
function serverOf(socket: Socket): Attributes {
  const known = servers.get(socket);
  if (known !== undefined) return known;
  const { address, port } = peerOf(socket);
  const server = { 'server.address': address, 'server.port': port };
  // A socket that is not connected has no peer yet, or no longer.
  if (address !== undefined) servers.set(socket, server);
  return server;
}

/** The server names queues for one connection, and addresses for one answer. They would be as many labels. */
const ANONYMOUS = /^amq\.(?:gen-|rabbitmq\.reply-to\.)/;

/** An exchange or a queue as a label: of those that the server has named, none. */
export function destinationOf(name: unknown): string | undefined {
  const text = textOf(name);
  return text !== undefined && ANONYMOUS.test(text) ? undefined : text;
}

/** A name or an id that the application may have left out. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
