import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';

/**
 * Lines of pino 6 to 10. The fields are added to the line that pino has made: what the application's mixins, formatters and
 * serializers get is not changed. A line that has a `trace_id` of its own is left alone. Pino 9 and 10 have a channel, on which
 * nothing can be added to a line; but its first message shows a pino that is bundled with the application.
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
    {
      channel: 'tracing:pino_asJson:start',
      once: true,
      attach({ instance }, calls, guard) {
        const prototype = prototypeOf(instance);
        if (prototype !== undefined && !patched.get(prototype)) addFields(prototype, calls, guard);
      },
    },
  ],
};

type AsJson = (this: unknown, ...args: unknown[]) => string;

/** On a prototype of loggers. */
const patched = privateField<boolean>();

/** What a logger and its children inherit from. */
function prototypeOf(logger: object): object | undefined {
  for (let at: object | null = logger; at !== null; at = Object.getPrototypeOf(at))
    if (asJsonOf(at) !== undefined) return at;
  return undefined;
}

function asJsonOf(prototype: object): symbol | undefined {
  return Object.getOwnPropertySymbols(prototype).find(({ description }) => description === 'pino.asJson');
}

function addFields(prototype: object, calls: Calls, guard: Guard): void {
  const asJson = asJsonOf(prototype);
  if (asJson === undefined) throw new Error('this pino has no asJson');
  patched.set(prototype, true);
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
