import type { Attributes, Call, Calls, Guard, Instrumentation, Outcome } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { DB_CLIENT } from '../semconv/db.js';
import { propertyOf } from '../semconv/property.js';

/**
 * Commands of the driver mongodb 6 and 7, which mongoose uses too. One command is a call, a retry and a further batch of a
 * cursor are calls of their own. They are observed where a connection sends them: the monitoring of commands that the
 * driver offers must be switched on for each client, where the application sees it, and copies each command and answer.
 */
export const mongodb: Instrumentation = {
  name: 'mongodb',
  observes: 'Commands of mongodb 6 and 7',
  conventions: [DB_CLIENT],
  targets: [
    {
      package: 'mongodb',
      versions: '^6.0.0 || ^7.0.0',
      file: 'lib/cmap/connection.js',
      attach: ({ Connection }, calls, guard) => observeConnection(Connection.prototype, calls, guard),
    },
  ],
};

interface Connection {
  /** `127.0.0.1:27017`, `[::1]:27017`, or the path of a socket. */
  readonly address: string;
}

type Document = Readonly<Record<string, unknown>>;
type Command = (
  this: Connection,
  namespace: { readonly db: string },
  command: Document,
  ...rest: unknown[]
) => Promise<unknown>;

/** What the driver sends by itself, as it connects and leaves. */
const OWN = new Set([
  'hello',
  'ismaster',
  'isMaster',
  'saslStart',
  'saslContinue',
  'authenticate',
  'endSessions',
  'killCursors',
]);

function observeConnection(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((connection: Connection, database: string, command: Document): Call | undefined => {
    const [name] = Object.keys(command);
    if (name === undefined || OWN.has(name)) return undefined;
    const collection = collectionOf(command, name);
    return calls.open({
      kind: 'client',
      convention: DB_CLIENT,
      route: collection === undefined ? name : `${name} ${collection}`,
      attributes: {
        ...labelsOf(connection),
        'db.namespace': database,
        'db.collection.name': collection,
        'db.operation.name': name,
      },
    });
  });
  const end = guard((call: Call, answer: unknown) => call.end(outcomeOfAnswer(answer)));
  const fail = guard((call: Call, error: unknown) => call.end(outcomeOf(error)));
  patch<Command>(
    prototype,
    'command',
    (command) =>
      function (namespace, document, ...rest) {
        const call = open(this, namespace.db, document);
        const promise = command.call(this, namespace, document, ...rest);
        if (call === undefined) return promise;
        // The driver waits for it, never the application.
        return promise.then(
          (answer) => {
            end(call, answer);
            return answer;
          },
          (error) => {
            fail(call, error);
            throw error;
          },
        );
      },
  );
}

/** Most commands name their collection as the value of their own name. */
function collectionOf(command: Document, name: string): string | undefined {
  const value = command[name === 'getMore' ? 'collection' : name];
  return typeof value === 'string' ? value : undefined;
}

const labels = privateField<Attributes>();
const HOST_AND_PORT = /^\[?(.+?)\]?:(\d+)$/;

function labelsOf(connection: Connection): Attributes {
  const known = labels.get(connection);
  if (known !== undefined) return known;
  const [, host = connection.address, port] = HOST_AND_PORT.exec(connection.address) ?? [];
  const found = {
    'db.system.name': 'mongodb',
    'server.address': host,
    'server.port': port === undefined ? undefined : Number(port),
  };
  labels.set(connection, found);
  return found;
}

/** An answer that the driver reads only as far as it needs to. */
interface LazyDocument {
  has(name: string): boolean;
  toObject(): unknown;
}

/** Of a write, the server says what failed in an answer that is otherwise good. The driver makes an error of it. */
function outcomeOfAnswer(answer: unknown): Outcome {
  const lazy = answer as LazyDocument;
  const isLazy = typeof propertyOf(answer, 'has') === 'function';
  const document = !isLazy ? answer : lazy.has('writeErrors') ? lazy.toObject() : undefined;
  const errors = propertyOf(document, 'writeErrors');
  const code = propertyOf(Array.isArray(errors) ? errors[0] : undefined, 'code');
  return code === undefined ? {} : { code: String(code) };
}

/** The message of a server's error is left out, because it quotes data. */
function outcomeOf(error: unknown): Outcome {
  const name = propertyOf(error, 'name');
  const code = propertyOf(error, 'code');
  if (name === 'MongoServerError' && code !== undefined) return { code: String(code) };
  return typeof name === 'string' && name.includes('Timeout') ? { error, errorType: 'timeout' } : { error };
}
