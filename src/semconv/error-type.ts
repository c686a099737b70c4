import { OTHER } from './convention.js';

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
const NAME = /^[A-Za-z_$][\w.$]{0,63}$/;

/**
 * The low-cardinality class of an error (`error.type`): a system or library code such as `ECONNREFUSED`, otherwise
 * the name of the exception, otherwise `_OTHER`. It never contains a message.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/attributes-registry/error/
 */
export function errorType(error: unknown): string {
  if (typeof error === 'string') return NAME.test(error) ? error : OTHER;
  if (typeof error !== 'object' || error === null) return OTHER;
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string' && CODE.test(code)) return code;
  if (typeof name === 'string' && NAME.test(name)) return name;
  return OTHER;
}
