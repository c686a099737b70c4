import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';

/** Records of bunyan 1 and 2. bunyan makes each one anew, so it may be added to; the application's own fields stay. */
export const bunyan: Instrumentation = {
  name: 'bunyan',
  observes: 'Ids of the trace in the records of bunyan 1 and 2',
  conventions: [],
  targets: [
    {
      package: 'bunyan',
      versions: '^1.0.0 || ^2.0.0',
      file: 'lib/bunyan.js',
      attach: (Logger, calls, guard) => addFields(Logger.prototype, calls, guard),
    },
  ],
};

type Emit = (this: unknown, record: object, ...rest: unknown[]) => unknown;

function addFields(prototype: object, calls: Calls, guard: Guard): void {
  const complete = guard((record: object) => {
    const fields = calls.logFields;
    if (fields !== undefined && !('trace_id' in record)) Object.assign(record, fields);
  });
  patch<Emit>(
    prototype,
    '_emit',
    (emit) =>
      function (record, ...rest) {
        complete(record);
        return emit.call(this, record, ...rest);
      },
  );
}
