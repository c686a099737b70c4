import type { Attributes, Calls, Guard, Instrumentation, Outcome } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { whenSettled } from '../patching/when-settled.js';
import { DB_CLIENT } from '../semconv/db.js';
import { propertyOf } from '../semconv/property.js';
import { openRedisCall, redisFailure, redisLabels } from '../semconv/redis.js';

/** Of `@redis/client`, which redis 4, 5 and 6 are made of. */
const VERSIONS = '^1.0.0 || ^5.0.0 || ^6.0.0';

/**
 * Commands of redis 4, 5 and 6. They are observed where the client puts them into its queue, those of `multi` one by one, as
 * version 6 does on its channels too. Earlier versions have none, and the arguments that the channels carry cost more than
 * the call. What the client sends by itself, as it connects, goes past its methods and is no call.
 */
export const redis: Instrumentation = {
  name: 'redis',
  observes: 'Commands of redis (node-redis) 4 to 6, also in transactions, pipelines, pools and clusters',
  conventions: [DB_CLIENT],
  targets: [
    {
      package: '@redis/client',
      versions: VERSIONS,
      file: 'dist/lib/client/index.js',
      attach: ({ default: Client }) => noteClient(Client.prototype),
    },
    {
      package: '@redis/client',
      versions: VERSIONS,
      file: 'dist/lib/client/commands-queue.js',
      attach: ({ default: Queue }, calls, guard) => observeQueue(Queue.prototype, calls, guard),
    },
    {
      package: '@redis/client',
      versions: '^5.0.0 || ^6.0.0',
      file: 'dist/lib/client/pool.js',
      attach: ({ RedisClientPool }, calls) => bindTasks(RedisClientPool.prototype, calls),
    },
  ],
};

interface Client {
  /** The client of a view that has options of its own. */
  readonly _self?: Client;
  readonly options?: {
    readonly database?: number;
    readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string };
  };
}

interface QueueOptions {
  /** Only the client itself is in such a hurry. */
  readonly asap?: boolean;
}

type Method = (this: object, ...args: unknown[]) => unknown;
type AddCommand = (this: object, args: readonly unknown[], options?: QueueOptions) => Promise<unknown>;

/** The client whose method runs. */
let current: Client | undefined;
/** The clients of queues, which do not know them. */
const clients = privateField<Client>();

const SENDING = ['sendCommand', '_executeMulti', '_executePipeline'];
/** Those of version 4, in which also each command is a method that goes past them. */
const SENDING_4 = ['commandsExecutor', 'multiExecutor', 'executeScript', 'executeFunction'];

function noteClient(prototype: object): void {
  const commands = Object.keys(prototype).filter((name) => name === name.toUpperCase());
  for (const name of [...SENDING, ...SENDING_4, ...commands, ...commands.map((each) => each.toLowerCase())]) {
    if (!(name in prototype)) continue;
    patch<Method>(
      prototype,
      name,
      (method) =>
        function (...args) {
          const before = current;
          current = (this as Client)._self ?? (this as Client);
          try {
            return method.apply(this, args);
          } finally {
            current = before;
          }
        },
    );
  }
}

function observeQueue(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((queue: object, args: readonly unknown[], options: QueueOptions | undefined) => {
    if (options?.asap) return undefined;
    const client = clients.get(queue) ?? current;
    if (client !== undefined) clients.set(queue, client);
    return openRedisCall(String(args[0]), labelsOf(client), calls);
  });
  patch<AddCommand>(
    prototype,
    'addCommand',
    (addCommand) =>
      function (args, options) {
        const call = open(this, args, options);
        const promise = addCommand.call(this, args, options);
        if (call === undefined) return promise;
        // Nobody else has this promise yet, so who handles the rejection of the one that follows stays visible.
        return whenSettled(
          promise,
          () => call.end({}),
          (error) => call.end(outcomeOf(error)),
        );
      },
  );
}

/** A pool that is used up runs a task where another one has ended. */
function bindTasks(prototype: object, calls: Calls): void {
  patch<Method>(
    prototype,
    'execute',
    (execute) =>
      function (task, ...rest) {
        return execute.call(this, typeof task === 'function' ? calls.bind(task as Method) : task, ...rest);
      },
  );
}

const labels = privateField<Attributes>();

function labelsOf(client: Client | undefined): Attributes {
  if (client === undefined) return redisLabels(undefined);
  const known = labels.get(client);
  if (known !== undefined) return known;
  const { database = 0, socket: { host = 'localhost', port = 6379, path } = {} } = client.options ?? {};
  const found = redisLabels(database, host, port, path);
  labels.set(client, found);
  return found;
}

const REPLIES = new Set(['ErrorReply', 'SimpleError', 'BlobError', 'MultiErrorReply']);

/** The errors of this library are told apart by their classes alone. */
function outcomeOf(error: unknown): Outcome {
  const name = propertyOf(propertyOf(error, 'constructor'), 'name');
  if (typeof name !== 'string' || name === 'Error') return { error };
  // The application has stopped it itself.
  if (name === 'AbortError') return {};
  if (REPLIES.has(name)) return redisFailure(error, true);
  return { error, errorType: name.includes('Timeout') ? 'timeout' : name };
}
