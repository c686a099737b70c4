import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';

/** Lines of winston 3, also of child loggers. What the application has passed is copied, and its own fields stay. */
export const winston: Instrumentation = {
  name: 'winston',
  observes: 'Ids of the trace in the lines of winston 3',
  conventions: [],
  targets: [
    {
      package: 'winston',
      versions: '^3.0.0',
      file: 'lib/winston/logger.js',
      attach: (Logger, calls, guard) => addFields(Logger.prototype, calls, guard),
    },
  ],
};

type Write = (this: unknown, info: unknown, ...rest: unknown[]) => unknown;

function addFields(prototype: object, calls: Calls, guard: Guard): void {
  const complete = guard((info: unknown): unknown => {
    const fields = calls.logFields;
    if (fields === undefined || typeof info !== 'object' || info === null || 'trace_id' in info) return info;
    // A copy of an exception would be none.
    const prototype = Object.getPrototypeOf(info);
    const isPlain = prototype === Object.prototype || prototype === null;
    return Object.assign(isPlain ? { ...info } : info, fields);
  });
  patch<Write>(
    prototype,
    'write',
    (write) =>
      function (info, ...rest) {
        return write.call(this, complete(info) ?? info, ...rest);
      },
  );
}
