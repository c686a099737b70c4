import type { Call, Calls, Guard, Instrumentation, PackageTarget } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { HTTP_SERVER } from '../semconv/http.js';

const LIBRARY = { package: '@trpc/server', versions: '^11.0.0' } as const;

/**
 * tRPC 11. All procedures are made from the builder that `initTRPC.create()` returns, so a middleware at its front hears of
 * each that is called. The procedure, which exists and was not only asked for, ends the route of its HTTP request:
 * `/trpc/orders.byId`. A client may ask for several at once, in whatever combinations: those requests are `/trpc/[batch]`.
 */
export const trpc: Instrumentation = {
  name: 'trpc',
  observes: 'Procedures of tRPC 11, as the end of the route of their HTTP request',
  conventions: [],
  targets: [
    ...['dist/index.cjs', 'dist/index.js'].map(
      (file): PackageTarget => ({ ...LIBRARY, file, attach: observeBuilders }),
    ),
    { ...LIBRARY, module: 'dist/index.mjs', attach: observeBuilders },
  ],
};

interface Exports {
  readonly initTRPC?: object;
}

interface Options {
  readonly path: string;
  next(): unknown;
}

interface Root {
  readonly procedure: { readonly _def: { readonly middlewares: ((options: Options) => unknown)[] } };
}

function observeBuilders({ initTRPC }: Exports, calls: Calls, guard: Guard): void {
  // The package has ES modules and CommonJS, each with a builder of its own; other files of it export neither.
  if (initTRPC === undefined) return;
  const note = guard(({ path }: Options) => noteProcedure(path, calls));
  const addMiddleware = guard(({ procedure }: Root) =>
    procedure._def.middlewares.push((options) => {
      note(options);
      return options.next();
    }),
  );
  patch<(this: unknown, ...args: unknown[]) => Root>(
    Object.getPrototypeOf(initTRPC),
    'create',
    (create) =>
      function (...args) {
        const root = create.apply(this, args);
        addMiddleware(root);
        return root;
      },
  );
}

interface Asked {
  readonly mount: string;
  readonly procedure: string;
}

/** On a Call: what it is named by. */
const asked = privateField<Asked>();

function noteProcedure(procedure: string, calls: Calls): void {
  const call = calls.current;
  if (call === undefined || call.convention.histogram !== HTTP_SERVER.histogram) return;
  const before = asked.get(call);
  if (before === undefined) {
    const mount = mountOf(call);
    asked.set(call, { mount, procedure });
    call.name(`${mount}/${procedure}`);
  } else if (before.procedure !== procedure) {
    call.name(`${before.mount}/[batch]`);
  }
}

/** What a framework has matched, without the parameter that stands for the procedure. */
function mountOf({ route = '' }: Call): string {
  return route.replace(/\/(?:[:*[{][^/]*)?$/, '');
}
