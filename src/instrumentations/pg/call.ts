import type { Attributes, Call, Calls, Outcome } from '../../instrumentation.js';
import { privateField } from '../../patching/private-field.js';
import { DB_CLIENT } from '../../semconv/db.js';
import { propertyOf } from '../../semconv/property.js';
import { createSqlReader, POSTGRESQL } from '../../semconv/sql.js';

/** What a client, and the options of a pool, say of the database. */
export interface Database {
  readonly host?: string | null;
  readonly port?: number | string | null;
  readonly database?: string | null;
}

const read = createSqlReader(POSTGRESQL);
const labels = privateField<Attributes>();

/** `config` is what the application passes to `query`: a text, an object with a text, or a query object. */
export function openCall(config: unknown, database: Database, calls: Calls): Call | undefined {
  const sql = textOf(config);
  const query = sql === undefined ? undefined : read(sql);
  return calls.open({
    kind: 'client',
    convention: DB_CLIENT,
    route: query?.summary,
    attributes: {
      ...labelsOf(database),
      'db.collection.name': query?.collection,
      'db.operation.name': query?.operation,
    },
    spanAttributes: () => ({ 'db.query.text': query?.text }),
  });
}

function textOf(config: unknown): string | undefined {
  if (typeof config === 'string') return config;
  // The stream of pg-query-stream has its text in its cursor.
  const text = propertyOf(config, 'text') ?? propertyOf(propertyOf(config, 'cursor'), 'text');
  return typeof text === 'string' ? text : undefined;
}

export function labelsOf(database: Database): Attributes {
  const known = labels.get(database);
  if (known !== undefined) return known;
  const { host, port, database: name } = database;
  const found = {
    'db.system.name': 'postgresql',
    'db.namespace': name ?? undefined,
    'server.address': host ?? undefined,
    // A socket in a folder has no port.
    'server.port': port == null || host?.startsWith('/') ? undefined : Number(port),
  };
  labels.set(database, found);
  return found;
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

export function outcomeOf(error: unknown): Outcome {
  if (error === undefined) return {};
  const code = propertyOf(error, 'code');
  // Only errors of the server have a severity. Their message is left out, because it quotes the data of the query.
  if (typeof code === 'string' && SQLSTATE.test(code) && propertyOf(error, 'severity') !== undefined)
    return { code };
  return propertyOf(error, 'message') === 'Query read timeout' ? { error, errorType: 'timeout' } : { error };
}
