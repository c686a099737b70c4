import { OTHER } from './convention.js';
import { propertyOf } from './property.js';

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
const NAME = /^[A-Za-z_$][\w.$]{0,63}$/;

/**
 * The low-cardinality class of an error (`error.type`): a system or library code such as `ECONNREFUSED`, otherwise
 * the name of the exception, otherwise `_OTHER`. It never contains a message. It never throws, whatever the
 * properties of the error do when they are read.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/attributes-registry/error/
 */
export function errorType(error: unknown): string {
  if (typeof error === 'string') return NAME.test(error) ? error : OTHER;
  if (typeof error !== 'object' || error === null) return OTHER;
  const code = propertyOf(error, 'code');
  if (typeof code === 'string' && CODE.test(code)) return code;
  const name = propertyOf(error, 'name');
  if (typeof name === 'string' && NAME.test(name)) return name;
  return OTHER;
}
