import { subscribe } from 'node:diagnostics_channel';
import type { Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';

/**
 * Connect 3. An application is a function with methods of its own, so there is no prototype to patch: it is recognized
 * when a server that it listens to has its first request. An application inside another one is a function that nobody can
 * see into; its requests have the path under which it is mounted.
 */
export const connect: Instrumentation = {
  name: 'connect',
  observes: 'Routes of Connect 3: the paths of its middleware',
  conventions: [],
  targets: [
    {
      package: 'connect',
      versions: '^3.0.0',
      file: 'index.js',
      attach(createApplication, calls, guard) {
        const { use } = createApplication();
        const observeServer = guard(({ server }: { server: Server }) => {
          if (seen.get(server)) return;
          seen.set(server, true);
          for (const listener of server.listeners('request')) {
            const application = listener as Application;
            if (application.use === use) observe(application, calls, guard);
          }
        });
        subscribe('http.server.request.start', (message) => observeServer(message as { server: Server }));
      },
    },
  ],
};

interface Server {
  listeners(event: 'request'): unknown[];
}

type Next = (error?: unknown) => unknown;
type Handle = (this: unknown, ...args: unknown[]) => unknown;
type Use = (this: Application, ...args: unknown[]) => unknown;

interface Layer {
  /** Empty for a middleware of all requests. */
  readonly route: string;
  readonly handle: Handle;
}

interface Application {
  readonly use: Use;
  readonly stack: readonly Layer[];
}

const seen = privateField<boolean>();

function observe(application: Application, calls: Calls, guard: Guard): void {
  for (const layer of application.stack) nameByLayer(layer, calls, guard);
  const nameByLast = guard(({ stack }: Application) =>
    nameByLayer(stack[stack.length - 1] as Layer, calls, guard),
  );
  patch<Use>(
    application,
    'use',
    (use) =>
      function (...args) {
        const result = use.apply(this, args);
        nameByLast(this);
        return result;
      },
  );
}

/** The last middleware that did not pass a request on has the word. One that handles errors leaves the name as it is. */
function nameByLayer(layer: Layer, calls: Calls, guard: Guard): void {
  if (layer.handle.length > 3) return;
  const reach = guard((request: object, response: { readonly headersSent: boolean }, next: Next) => {
    const call = calls.of(request);
    if (call === undefined || response.headersSent) return undefined;
    call.name(layer.route || undefined);
    const pass = guard((error: unknown) => {
      if (!error && !response.headersSent) call.name(undefined);
    });
    return function (this: unknown, error?: unknown) {
      pass(error);
      return next.call(this, error);
    };
  });
  patch<Handle>(
    layer,
    'handle',
    (handle) =>
      function (...args) {
        const [request, response, next] = args as [object, { headersSent: boolean }, Next];
        return handle.call(this, request, response, reach(request, response, next) ?? next);
      },
  );
}
