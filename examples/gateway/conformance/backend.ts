/** A backend for the conformance suite. */
import { readFileSync } from 'node:fs';
import {
  create,
  createFileRegistry,
  type FileRegistry,
  fromBinary,
  type JsonObject,
  toBinary,
} from '@bufbuild/protobuf';
import { anyPack, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { type Handler, serve } from '../order-service/serve.ts';

export interface Backend {
  readonly address: string;
  close(): void;
}

type Numbered = (n: number, padding: string) => JsonObject;

/** Answers each call with its request, but for the few methods that are there to fail, to look and to stream. */
export async function startBackend(image: string, port = 0): Promise<Backend> {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)));
  const server = new Server();
  const echo: Handler = (message) => message;
  const special: Record<string, Handler> = {
    DeleteBook: () => ({}),
    Fail: ({ code, withDetails }) => {
      throw Object.assign(new Error('it failed'), failure(Number(code), withDetails === true, registry));
    },
    Inspect: (_, call) => ({
      metadata: Object.fromEntries(
        Object.entries(call.metadata.getMap()).map(([key, value]) => [key, `${value}`]),
      ),
      leftMs: Number(call.getDeadline()) - Date.now(),
    }),
    Count: (request) => count(request, (n, padding) => ({ n, padding })),
    Download: (request) =>
      count(request, (n, padding) => ({
        contentType: 'text/plain',
        data: Buffer.from(`${n}${padding}\n`).toString('base64'),
      })),
  };
  async function* count({ to, failAt, size }: JsonObject, message: Numbered) {
    for (let n = 1; n <= Number(to); n += 1) {
      if (n === Number(failAt)) throw Object.assign(new Error(), failure(status.ABORTED, false, registry));
      yield message(n, 'x'.repeat(Number(size)));
      await new Promise(setImmediate);
    }
  }
  for (const name of ['conformance.library.v1.Library', 'conformance.types.v1.Types']) {
    const methods = registry.getService(name)?.methods ?? [];
    const handlers = methods.map((method) => [method.name, special[method.name] ?? echo] as const);
    serve(server, registry, name, Object.fromEntries(handlers));
  }
  const bound = await new Promise<number>((done, fail) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, own) =>
      error === null ? done(own) : fail(error),
    ),
  );
  return { address: `127.0.0.1:${bound}`, close: () => server.forceShutdown() };
}

/** A status of gRPC, with a detail that clients can read. */
function failure(code: number, withDetails: boolean, registry: FileRegistry): object {
  const details = `code ${code}`;
  const type = registry.getMessage('google.rpc.Status');
  const info = registry.getMessage('google.rpc.ErrorInfo');
  if (!withDetails || type === undefined || info === undefined) return { code, details };
  const detail = anyPack(
    info,
    create(info, { reason: 'TESTED', domain: 'example.com' } as Record<string, unknown>),
  );
  const bytes = toBinary(
    type,
    create(type, { code, message: details, details: [detail] } as Record<string, unknown>),
  );
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return { code, details, metadata };
}
