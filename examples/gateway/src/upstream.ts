import {
  Client,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  type Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { Binding } from './image.ts';

/** A backend. Messages pass through as bytes: who needs them as values decodes them. */
export interface Upstream {
  call(binding: Binding, request: Uint8Array, options: CallOptions): Promise<Answer>;
  stream(binding: Binding, request: Uint8Array, options: CallOptions): ClientReadableStream<Buffer>;
  /** Ends the calls that are under way with UNAVAILABLE. */
  close(): void;
}

export interface CallOptions {
  readonly metadata: Metadata;
  readonly deadline: Date;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly message: Buffer;
  readonly metadata: Metadata;
}

const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** How long the channel waits at most before it tries again to reach a backend that was down. */
const MAX_RECONNECT_MS = 5_000;

/** Opens one channel to `address`, without TLS: the backends are behind the gateway. */
export function openUpstream(address: string, maxMessageBytes: number): Upstream {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_MS,
  });
  const running = new Set<ClientUnaryCall | ClientReadableStream<Buffer>>();

  function track(call: ClientUnaryCall | ClientReadableStream<Buffer>, signal: AbortSignal): void {
    const cancel = (): void => call.cancel();
    running.add(call);
    call.once('status', () => {
      running.delete(call);
      signal.removeEventListener('abort', cancel);
    });
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  }

  return {
    call({ method }, request, { metadata, deadline, signal }) {
      return new Promise((resolve, reject) => {
        let received: Metadata | undefined;
        const call = client.makeUnaryRequest<Uint8Array, Buffer>(
          pathOf(method),
          same,
          same,
          request,
          metadata,
          { deadline },
          (error: ServiceError | null, message?: Buffer) => {
            if (error === null && message !== undefined && received !== undefined)
              resolve({ message, metadata: received });
            else reject(error);
          },
        );
        call.once('metadata', (sent: Metadata) => {
          received = sent;
        });
        track(call, signal);
      });
    },
    stream({ method }, request, { metadata, deadline, signal }) {
      const call = client.makeServerStreamRequest<Uint8Array, Buffer>(
        pathOf(method),
        same,
        same,
        request,
        metadata,
        { deadline },
      );
      track(call, signal);
      return call;
    },
    close() {
      for (const { call } of running)
        call?.cancelWithStatus(status.UNAVAILABLE, 'the gateway is shutting down');
      client.close();
    },
  };
}

function pathOf({ parent, name }: Binding['method']): string {
  return `/${parent.typeName}/${name}`;
}
