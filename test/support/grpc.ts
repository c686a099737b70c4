/** The service of `shop.proto` over the real `@grpc/grpc-js`: one method of each kind, and one without a handler. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** Loads grpc-js as an application does. Call it after the instrumentations have been attached. */
export function loadGrpc(): typeof Grpc {
  return createRequire(import.meta.url)('@grpc/grpc-js');
}

export interface Order {
  id: string;
}

export type Unary = Grpc.handleUnaryCall<Order, Order>;

export interface Handlers {
  Get: Unary;
  Sum: Grpc.handleClientStreamingCall<Order, Order>;
  List: Grpc.handleServerStreamingCall<Order, Order>;
  Chat: Grpc.handleBidiStreamingCall<Order, Order>;
}

/** The client that proto-loader makes, with the types that a code generator would give it. */
export interface OrdersClient extends Grpc.Client {
  Get(order: Order, ...rest: unknown[]): Grpc.ClientUnaryCall;
  Missing(order: Order, ...rest: unknown[]): Grpc.ClientUnaryCall;
  Sum(...rest: unknown[]): Grpc.ClientWritableStream<Order>;
  List(order: Order, ...rest: unknown[]): Grpc.ClientReadableStream<Order>;
  Chat(...rest: unknown[]): Grpc.ClientDuplexStream<Order, Order>;
}

export function loadOrders(grpc: typeof Grpc): Grpc.ServiceClientConstructor {
  const definition = loadSync(join(import.meta.dirname, 'shop.proto'));
  const { shop } = grpc.loadPackageDefinition(definition) as unknown as {
    shop: { Orders: Grpc.ServiceClientConstructor };
  };
  return shop.Orders;
}

/** Handlers that echo: the behaviour of each kind of method unless a test overrides it. */
export const echo: Handlers = {
  Get: (call, done) => done(null, call.request),
  Sum(call, done) {
    let id = '';
    call.on('data', (order: Order) => {
      id += order.id;
    });
    call.on('end', () => done(null, { id }));
  },
  List(call) {
    for (const id of call.request.id) call.write({ id });
    call.end();
  },
  Chat(call) {
    call.on('data', (order: Order) => call.write(order));
    call.on('end', () => call.end());
  },
};

/** Starts a server with these handlers and returns its port. */
export async function serveOrders(
  grpc: typeof Grpc,
  server: Grpc.Server,
  handlers: Partial<Handlers> = {},
  credentials: Grpc.ServerCredentials = grpc.ServerCredentials.createInsecure(),
): Promise<number> {
  const { service } = loadOrders(grpc);
  const { Missing: _, ...present } = service as Record<string, unknown>;
  server.addService(present as never, { ...echo, ...handlers } as never);
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
}

/** The result of a call with one response, as the application sees it. */
export interface Answer {
  error: Grpc.ServiceError | null;
  value: Order | undefined;
}

/** Makes a call with one response and waits for it. */
export function answerOf(
  make: (done: (error: Grpc.ServiceError | null, value?: Order) => void) => unknown,
): Promise<Answer> {
  return new Promise((resolve) => make((error, value) => resolve({ error, value })));
}

/** Reads a stream to its end. Returns the messages and the status. */
export function statusOf(
  stream: Grpc.ClientReadableStream<Order> | Grpc.ClientDuplexStream<Order, Order>,
): Promise<{ ids: string[]; code: number }> {
  const ids: string[] = [];
  return new Promise((resolve) =>
    stream
      .on('data', ({ id }: Order) => ids.push(id))
      .on('error', () => {})
      .on('status', ({ code }: Grpc.StatusObject) => resolve({ ids, code })),
  );
}
