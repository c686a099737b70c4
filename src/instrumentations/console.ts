import { format } from 'node:util';
import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';

/**
 * Lines that the application prints with `console`, which has no fields: the ids follow the text. Off unless it is asked
 * for, because who reads these lines may expect them as they are. What has a shape of its own, such as a table, stays.
 */
export const console: Instrumentation = {
  name: 'console',
  isOptIn: true,
  observes: 'Ids of the trace at the end of the lines of `console.log`, `info`, `debug`, `warn` and `error`',
  conventions: [],
  targets: [{ builtin: 'node:console', attach: addIds }],
};

const PRINTS = ['log', 'info', 'debug', 'warn', 'error'];
/** These print by `log`. */
const SHAPED = ['table', 'group', 'groupCollapsed'];

type Print = (this: unknown, ...args: unknown[]) => void;

function addIds(own: object, calls: Calls, guard: Guard): void {
  let isShaped = false;
  const withIds = guard((args: unknown[]): unknown[] => {
    const fields = calls.logFields;
    if (fields === undefined || isShaped || args.length === 0) return args;
    const ids = Object.entries(fields)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ');
    // A placeholder without a value would take the ids for it.
    return placeholdersIn(args[0]) < args.length ? [...args, ids] : ['%s %s', format(...args), ids];
  });
  for (const name of PRINTS)
    patch<Print>(
      own,
      name,
      (print) =>
        function (...args) {
          print.apply(this, withIds(args) ?? args);
        },
    );
  for (const name of SHAPED)
    patch<Print>(
      own,
      name,
      (print) =>
        function (...args) {
          isShaped = true;
          try {
            print.apply(this, args);
          } finally {
            isShaped = false;
          }
        },
    );
}

function placeholdersIn(text: unknown): number {
  return typeof text === 'string' ? (text.match(/%[sdifjoOc]/g) ?? []).length : 0;
}
