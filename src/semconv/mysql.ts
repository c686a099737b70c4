import type { Attributes, CallStart, Outcome } from '../instrumentation.js';
import { DB_CLIENT } from './db.js';
import { propertyOf } from './property.js';
import { createSqlReader, MYSQL } from './sql.js';

/** How `mysql` and `mysql2` were told to connect. */
export interface MysqlConfig {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly database?: string;
}

const read = createSqlReader(MYSQL);
const labels = new WeakMap<MysqlConfig, Attributes>();

/** @param sql the text of a query, or an object that has it */
export function mysqlCall(sql: unknown, config: MysqlConfig): CallStart {
  const text = typeof sql === 'string' ? sql : propertyOf(sql, 'sql');
  const query = typeof text === 'string' ? read(text) : undefined;
  return {
    kind: 'client',
    convention: DB_CLIENT,
    route: query?.summary,
    attributes: {
      ...mysqlLabels(config),
      'db.collection.name': query?.collection,
      'db.operation.name': query?.operation,
    },
    spanAttributes: () => ({ 'db.query.text': query?.text }),
  };
}

/** Of a server. */
export function mysqlLabels(config: MysqlConfig): Attributes {
  const known = labels.get(config);
  if (known !== undefined) return known;
  const { host, port, socketPath, database } = config;
  const found = {
    'db.system.name': 'mysql',
    'db.namespace': database || undefined,
    'server.address': socketPath ?? host,
    'server.port': socketPath === undefined ? port : undefined,
  };
  labels.set(config, found);
  return found;
}

/** The message of a server's error is left out, because it quotes the data of the query. */
export function mysqlOutcome(error: unknown): Outcome {
  if (error === undefined || error === null) return {};
  if (propertyOf(error, 'code') === 'PROTOCOL_SEQUENCE_TIMEOUT') return { error, errorType: 'timeout' };
  // Only errors of the server have one.
  return propertyOf(error, 'sqlState') ? { code: String(propertyOf(error, 'errno')) } : { error };
}
