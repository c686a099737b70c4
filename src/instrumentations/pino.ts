import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';

/**
 * Lines of pino 6 to 10. The fields are added to the line that pino has made: what the application's mixins, formatters and
 * serializers get is not changed. A line that has a `trace_id` of its own is left alone. The channel of pino 9 and 10 is
 * not used, because earlier versions have none.
 */
export const pino: Instrumentation = {
  name: 'pino',
  observes: 'Ids of the trace in the lines of pino 6 to 10',
  conventions: [],
  targets: [
    {
      package: 'pino',
      versions: '^6.0.0 || ^7.0.0 || ^8.0.0 || ^9.0.0 || ^10.0.0',
      file: 'lib/proto.js',
      attach: (createLogger, calls, guard) => addFields(Object.getPrototypeOf(createLogger()), calls, guard),
    },
  ],
};

type AsJson = (this: unknown, ...args: unknown[]) => string;

function addFields(prototype: object, calls: Calls, guard: Guard): void {
  const asJson = Object.getOwnPropertySymbols(prototype).find(
    ({ description }) => description === 'pino.asJson',
  );
  if (asJson === undefined) throw new Error('this pino has no asJson');
  const complete = guard((line: string): string => {
    const fields = calls.logFields;
    // In a text the quotes would be escaped.
    if (fields === undefined || line.includes('"trace_id":')) return line;
    const end = line.lastIndexOf('}');
    return `${line.slice(0, end)},${JSON.stringify(fields).slice(1, -1)}${line.slice(end)}`;
  });
  patch<AsJson>(
    prototype,
    asJson,
    (method) =>
      function (...args) {
        const line = method.apply(this, args);
        return complete(line) ?? line;
      },
  );
}
