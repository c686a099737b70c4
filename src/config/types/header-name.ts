import { ANY_SCALAR } from './json-schema.js';
import { scalarType, type ValueType } from './value.js';

const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/;

/** Headers that hold secrets by definition, and the usual names of others. Traces are read by more people than secrets. */
const SECRET =
  /^(?:.*authorization|cookie|set-cookie2?|.*-api-?key|api-?key|.*-(?:token|secret|signature|password)|token)$/;

/** The name of a header that may be shown, in lower case. */
export const headerName: ValueType<string> = scalarType(
  'the name of a header that holds no secret (authorization, cookie, set-cookie, x-api-key, ...-token)',
  (input) => {
    const name = input.toLowerCase();
    return TOKEN.test(name) && !SECRET.test(name) ? name : undefined;
  },
  { ...ANY_SCALAR, pattern: TOKEN.source, not: { type: 'string', pattern: SECRET.source } },
);
