import type { Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';

/**
 * Koa 2 and 3. Koa itself has no routes, and its routers are many; but each of them leaves the route that it has matched
 * in a property of the context, and koa-mount the path of what it mounts. A context here hears of that.
 */
export const koa: Instrumentation = {
  name: 'koa',
  observes: 'Routes of Koa 2 and 3 by @koa/router, koa-router and koa-route, also under koa-mount',
  conventions: [],
  targets: [
    {
      package: 'koa',
      versions: '^2.0.0 || ^3.0.0',
      file: 'lib/context.js',
      attach: (prototype, calls, guard) => nameByProperties(prototype, calls, guard),
    },
    {
      package: 'koa',
      versions: '^2.0.0 || ^3.0.0',
      file: 'lib/application.js',
      attach: ({ prototype }, calls, guard) => takeBackUnanswered(prototype, calls, guard),
    },
  ],
};

interface Context {
  /** Over HTTP/2 the call belongs to the stream. */
  readonly req: object & { readonly stream?: object };
  readonly res: { readonly headersSent: boolean };
  readonly response: { readonly _explicitStatus?: boolean };
  readonly originalUrl: string;
  /** Without what is mounted around the running middleware. */
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
  readonly respond?: boolean;
  /** What a router has found at the path of the request. */
  readonly matched?: readonly { readonly path: unknown; readonly methods: readonly string[] }[];
}

function callOf({ req }: Context, calls: Calls): Call | undefined {
  return calls.of(req) ?? calls.of(req.stream as object);
}

function nameByProperties(prototype: object, calls: Calls, guard: Guard): void {
  const name = (context: Context, path: unknown) =>
    callOf(context, calls)?.name(mountOf(context) + textOf(path) || '/');
  // koa-router and its successor
  whenSet(
    prototype,
    '_matchedRoute',
    guard((context, path) => {
      if (isRoute(context, path)) name(context, path);
    }),
  );
  // koa-route
  whenSet(prototype, 'routePath', guard(name));
  // koa-mount, which answers by itself where it mounts a middleware. The path of the context changes only after this.
  whenSet(
    prototype,
    'mountPath',
    guard((context, path) => {
      const around = mountOf(context);
      mounts.set(context, [...(mounts.get(context) ?? []), path as string]);
      callOf(context, calls)?.name(around + withoutSlash(path as string));
    }),
  );
}

/** Calls `then` whenever `property` of a context is set. Once set, it is the context's own, as it would be without us. */
function whenSet(
  prototype: object,
  property: string,
  then: (context: Context, value: unknown) => void,
): void {
  const values = privateField<unknown>();
  const own = {
    get(this: Context) {
      return values.get(this);
    },
    set(this: Context, value: unknown) {
      values.set(this, value);
      then(this, value);
    },
    enumerable: true,
    configurable: true,
  };
  Object.defineProperty(prototype, property, {
    get: () => undefined,
    set(this: Context, value: unknown) {
      Object.defineProperty(this, property, own);
      own.set.call(this, value);
    },
    configurable: true,
  });
}

/** A router also sets the path of its own middleware, which answers for the route that is matched further on. */
function isRoute({ matched }: Context, path: unknown): boolean {
  return !Array.isArray(matched) || matched.some((layer) => layer.path === path && layer.methods.length > 0);
}

/** A list of paths is one RegExp to koa-route, which cannot tell them apart. */
function textOf(path: unknown): string {
  return Array.isArray(path) ? path.join('|') : String(path);
}

/** On a context: the paths of koa-mount that have matched, those that have passed the request on too. */
const mounts = privateField<readonly string[]>();

/**
 * The paths of what is mounted around the running middleware. They are what the path of the context lacks, unless the
 * application has changed it: what was asked for must never become a part of the route.
 */
function mountOf(context: Context): string {
  const candidates = mounts.get(context);
  if (candidates === undefined) return '';
  const taken = takenOff(context);
  let mount = '';
  for (let i = candidates.length - 1; i >= 0; i -= 1) {
    mount = candidates[i] + mount;
    if (mount === taken) return withoutSlash(mount);
  }
  return '';
}

function takenOff({ originalUrl, path }: Context): string {
  const [original = ''] = originalUrl.split('?');
  if (original.endsWith(path)) return original.slice(0, original.length - path.length);
  return path === '/' ? original : '';
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

type Run = (context: Context, next?: (context?: Context) => Promise<void>) => Promise<unknown>;
type HandleRequest = (this: unknown, context: Context, run: Run) => unknown;

/** On a context that every middleware has passed on. */
const passedOn = privateField<boolean>();

/** A route that has passed the request on has not answered it, unless somebody has. */
function takeBackUnanswered(prototype: object, calls: Calls, guard: Guard): void {
  const pass = guard((context: Context) => passedOn.set(context, true));
  // koa-compose passes the context to what follows the last middleware too.
  const end = async (context?: Context): Promise<void> => {
    if (context !== undefined) pass(context);
  };
  const settle = guard((context: Context) => {
    if (passedOn.get(context) && isUnanswered(context)) callOf(context, calls)?.name(undefined);
  });
  patch<HandleRequest>(
    prototype,
    'handleRequest',
    (handleRequest) =>
      function (context, run) {
        return handleRequest.call(this, context, async (...args) => {
          await run(args[0], end);
          settle(context);
        });
      },
  );
}

function isUnanswered({ status, body, response, respond, res }: Context): boolean {
  const isDefault = status === 404 && (body === undefined || body === null) && !response._explicitStatus;
  return isDefault && respond !== false && !res.headersSent;
}
