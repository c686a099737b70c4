import type { Attributes, Call, Calls, Guard, Instrumentation, Outcome } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { DB_CLIENT } from '../semconv/db.js';
import { propertyOf } from '../semconv/property.js';
import { openRedisCall, redisFailure, redisLabels } from '../semconv/redis.js';

const VERSIONS = '^5.0.0 || ^6.0.0';

/**
 * Commands of ioredis 5 and 6. A command is one call, however often it is sent: after a reconnection, to another node of a
 * cluster. In a pipeline and a transaction each command is a call. The call ends where a command resolves or rejects
 * itself; its promise is left alone, because Node must see whether anybody handles its rejection. For the same reason the
 * channel of ioredis 6 is not used: while somebody listens to it, nobody else sees an unhandled rejection.
 */
export const ioredis: Instrumentation = {
  name: 'ioredis',
  observes: 'Commands of ioredis 5 and 6, also in pipelines, transactions and clusters',
  conventions: [DB_CLIENT],
  targets: [
    {
      package: 'ioredis',
      versions: VERSIONS,
      file: 'built/Redis.js',
      attach: ({ default: Redis }, calls, guard) => observeCommands(Redis.prototype, calls, guard),
    },
    {
      package: 'ioredis',
      versions: VERSIONS,
      file: 'built/cluster/index.js',
      attach: ({ default: Cluster }, calls, guard) => observeCommands(Cluster.prototype, calls, guard),
    },
    {
      package: 'ioredis',
      versions: VERSIONS,
      file: 'built/Pipeline.js',
      attach: ({ default: Pipeline }, calls, guard) => rememberContexts(Pipeline.prototype, calls, guard),
    },
  ],
};

interface Command {
  readonly name: string;
  resolve(value: unknown): unknown;
  reject(error: unknown): unknown;
}

/** A connection, or a cluster, which has none of these. */
interface Client {
  readonly status: string;
  readonly condition?: { readonly select?: number } | null;
  readonly options: {
    readonly host?: string;
    readonly port?: number;
    readonly path?: string;
    readonly db?: number;
    readonly connectionName?: string;
    readonly sentinels?: unknown;
  };
}

type Send = (this: Client, command: Command, ...rest: unknown[]) => unknown;
type Open = (client: Client, command: Command) => Call | undefined;

const callsOf = privateField<Call>();
/** How to open the call of a command of a pipeline, which is sent later and maybe elsewhere. */
const openers = privateField<Open>();

function observeCommands(prototype: object, calls: Calls, guard: Guard): void {
  const open: Open = (client, command) => openRedisCall(command.name, labelsOf(client), calls);
  const observe = guard((client: Client, command: Command) => {
    const known = callsOf.get(command);
    if (known !== undefined) {
      // A cluster has found the node.
      known.set(labelsOf(client));
      return;
    }
    if (isOwnCommand(client, command)) return;
    const call = (openers.get(command) ?? open)(client, command);
    openers.clear(command);
    if (call === undefined) return;
    callsOf.set(command, call);
    endWith(command, call, guard);
  });
  patch<Send>(
    prototype,
    'sendCommand',
    (sendCommand) =>
      function (command, ...rest) {
        observe(this, command);
        return sendCommand.call(this, command, ...rest);
      },
  );
}

function endWith(command: Command, call: Call, guard: Guard): void {
  const end = guard((outcome: Outcome) => call.end(outcome));
  const fail = guard((error: unknown) => call.end(outcomeOf(error)));
  const { resolve, reject } = command;
  command.resolve = (value) => {
    // An answer that cannot be transformed rejects the command.
    const promise = resolve.call(command, value);
    end({});
    return promise;
  };
  command.reject = (error) => {
    fail(error);
    return reject.call(command, error);
  };
}

/** A pipeline that ioredis makes by itself has commands of several requests, and sends them from one. */
function rememberContexts(prototype: object, calls: Calls, guard: Guard): void {
  const remember = guard((command: Command) => {
    const open: Open = (client, sent) => openRedisCall(sent.name, labelsOf(client), calls);
    openers.set(command, calls.bind(open));
  });
  patch<Send>(
    prototype,
    'sendCommand',
    (sendCommand) =>
      function (command, ...rest) {
        remember(command);
        return sendCommand.call(this, command, ...rest);
      },
  );
}

const HANDSHAKE = new Set(['auth', 'hello', 'select', 'client', 'readonly', 'info']);

/** What ioredis sends by itself: while it connects, and to learn the nodes of a cluster. */
function isOwnCommand({ status, options }: Client, { name }: Command): boolean {
  return (
    (status === 'connect' && HANDSHAKE.has(name)) ||
    (options.connectionName?.startsWith('ioredis-cluster(refresher)') ?? false)
  );
}

interface Labels {
  readonly database: number | undefined;
  readonly attributes: Attributes;
}

const labels = privateField<Labels>();

function labelsOf(client: Client): Attributes {
  const { condition, options } = client;
  const database = condition?.select ?? options.db;
  const known = labels.get(client);
  if (known !== undefined && known.database === database) return known.attributes;
  // Behind sentinels, host and port are not those of the server.
  const { host, port, path, sentinels } = options;
  const attributes = sentinels ? redisLabels(database) : redisLabels(database, host, port, path);
  labels.set(client, { database, attributes });
  return attributes;
}

function outcomeOf(error: unknown): Outcome {
  if (propertyOf(error, 'message') === 'Command timed out') return { error, errorType: 'timeout' };
  return redisFailure(error, propertyOf(error, 'name') === 'ReplyError');
}
