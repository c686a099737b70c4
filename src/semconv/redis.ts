import type { Attributes, Call, Calls, Outcome } from '../instrumentation.js';
import { DB_CLIENT } from './db.js';
import { propertyOf } from './property.js';

/** Commands of Redis and its modules: `GET`, `JSON.SET`. */
const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const names = new Map<string, string | undefined>();
const MAX_NAMES = 1_000;

/** The name of a command as a label. An application may send anything as one. */
function commandName(command: string): string | undefined {
  if (names.has(command)) return names.get(command);
  const name = NAME.test(command) ? command.toUpperCase() : undefined;
  if (names.size < MAX_NAMES) names.set(command, name);
  return name;
}

/** A command of Redis is named by its first word; its arguments are keys and values. */
export function openRedisCall(command: string, where: Attributes, calls: Calls): Call | undefined {
  const name = commandName(command);
  return calls.open({
    kind: 'client',
    convention: DB_CLIENT,
    route: name,
    attributes: { ...where, 'db.operation.name': name },
  });
}

/** Where a command is sent. A socket in the file system has no port. */
export function redisLabels(database: unknown, host?: string, port?: number, path?: string): Attributes {
  return {
    'db.system.name': 'redis',
    'db.namespace': database == null ? undefined : String(database),
    'server.address': path ?? host,
    'server.port': path === undefined ? port : undefined,
  };
}

/** Redis begins its errors with a word such as `ERR` or `WRONGTYPE`. What follows may quote keys. */
const PREFIX = /^([A-Z][A-Z0-9_]{1,31})(?: |$)/;

/** A client of a cluster follows these. */
const REDIRECTS = new Set(['ASK', 'MOVED']);

/** `isReply`: the error is an answer of Redis. */
export function redisFailure(error: unknown, isReply: boolean): Outcome {
  const message = propertyOf(error, 'message');
  const prefix = isReply && typeof message === 'string' ? PREFIX.exec(message)?.[1] : undefined;
  if (prefix === undefined) return { error };
  return REDIRECTS.has(prefix) ? {} : { code: prefix };
}
