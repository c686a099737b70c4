import type { Call, Calls, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';

/**
 * Express 4 and 5, and the package `router` 2 by itself, of which Express 5 is made. A router keeps a stack of layers:
 * what `use` has mounted, and routes. Each layer that a request reaches names the call by the paths that were registered
 * for it and for the routers around it, so the last one that did not pass the request on has the word. Errors are passed
 * on past this: the route that failed keeps its name.
 */
export const express: Instrumentation = {
  name: 'express',
  observes: 'Routes of Express 4 and 5, and of the package router 2',
  conventions: [],
  targets: [
    {
      package: 'express',
      versions: '^4.8.0',
      file: 'lib/router/layer.js',
      attach: ({ prototype }, _calls, guard) => observeLayers(prototype, 'handle_request', guard),
    },
    {
      package: 'express',
      versions: '^4.8.0',
      file: 'lib/router/index.js',
      attach: (prototype, calls, guard) => observeRouters(prototype, calls, guard),
    },
    {
      package: 'router',
      versions: '^2.0.0',
      file: 'lib/layer.js',
      attach: ({ prototype }, _calls, guard) => observeLayers(prototype, 'handleRequest', guard),
    },
    {
      package: 'router',
      versions: '^2.0.0',
      file: 'index.js',
      attach: ({ prototype }, calls, guard) => observeRouters(prototype, calls, guard),
    },
  ],
};

interface Request {
  readonly url: string;
  /** What the routers around this one have taken off the front of the URL. */
  readonly baseUrl?: string;
  readonly route?: Route;
  /** Over HTTP/2 the call belongs to the stream. */
  readonly stream?: object;
}

interface Response {
  /** What has answered may pass the request on, to be logged for example. The name stays. */
  readonly headersSent: boolean;
}

type Path = string | RegExp | readonly Path[];

interface Route {
  readonly path: Path;
}

interface Layer {
  readonly route?: Route;
  match(path: string): unknown;
}

type LayerClass = new (path: Path, options: object, handle: () => void) => Layer;

interface Router {
  readonly stack: Layer[];
  readonly caseSensitive?: boolean;
  readonly strict?: boolean;
}

type Next = (this: unknown, ...args: unknown[]) => unknown;
type Handle = (this: unknown, request: Request, response: Response, next: Next) => unknown;

/** The path of a layer as it was registered. It is also kept on the route of the layer. */
interface Registered {
  readonly isRoute: boolean;
  readonly path: string;
  /** For an array of paths: a layer for each, to find the one that matches. */
  readonly alternatives?: readonly { readonly path: string; readonly layer: Layer }[];
}

/** One router on its way through its stack for one request. */
interface Pass {
  readonly call: Call;
  readonly outer: Pass | undefined;
  /** The paths under which the router is mounted, as registered and as requested. */
  readonly mount: string;
  readonly baseUrl: string;
  /** The same for a router in the layer that is reached just now. */
  innerMount: string;
  /** The last route that was reached. */
  route: Route | undefined;
}

const registered = privateField<Registered>();
/** On a request: the innermost router that has it. */
const passes = privateField<Pass>();

function observeLayers(prototype: object, method: string, guard: Guard): void {
  const reach = guard((layer: Layer, request: Request, response: Response) => {
    const known = registered.get(layer);
    const pass = known && passes.get(request);
    if (pass === undefined || response.headersSent) return;
    const name = nameOf(known as Registered, request, pass);
    // A router that is the handler of a route sees the whole URL.
    pass.innerMount = layer.route === undefined ? name : pass.mount;
    pass.route = layer.route ?? pass.route;
    pass.call.name(name || undefined);
  });
  patch<Handle>(
    prototype,
    method,
    (handleRequest) =>
      function (request, response, next) {
        reach(this as Layer, request, response);
        return handleRequest.call(this, request, response, next);
      },
  );
}

function nameOf(known: Registered, request: Request, { mount, baseUrl }: Pass): string {
  const path = known.alternatives === undefined ? known.path : matching(known, request, baseUrl);
  if (mount === '') return path;
  if (path === '/') return mount;
  return path.startsWith('*') ? `${mount}/${path}` : mount + path;
}

function observeRouters(prototype: object, calls: Calls, guard: Guard): void {
  followPasses(prototype, calls, guard);
  rememberPaths(prototype, guard);
  nameBeforeParams(prototype, guard);
}

function followPasses(prototype: object, calls: Calls, guard: Guard): void {
  const enter = guard((request: Request, response: Response, next: Next): Next | undefined => {
    const outer = passes.get(request);
    const call = outer?.call ?? calls.of(request) ?? calls.of(request.stream as object);
    if (call === undefined || typeof next !== 'function') return undefined;
    const mount = outer?.innerMount ?? '';
    const baseUrl = request.baseUrl ?? '';
    passes.set(request, { call, outer, mount, baseUrl, innerMount: mount, route: undefined });
    const leave = guard((error: unknown) => {
      if (outer === undefined) {
        passes.clear(request);
      } else {
        outer.route = request.route;
        passes.set(request, outer);
      }
      if (!error && !response.headersSent) call.name(outer?.innerMount || undefined);
    });
    return function (...args) {
      leave(args[0]);
      return next.apply(this, args);
    };
  });
  patch<Handle>(
    prototype,
    'handle',
    (handle) =>
      function (request, response, next) {
        return handle.call(this, request, response, enter(request, response, next) ?? next);
      },
  );
}

function rememberPaths(prototype: object, guard: Guard): void {
  const remember = guard((router: Router, from: number, path: Path, isRoute: boolean) => {
    for (let i = from; i < router.stack.length; i += 1) {
      const layer = router.stack[i] as Layer;
      const known = registrationOf(path, isRoute, layer, router);
      registered.set(layer, known);
      if (layer.route !== undefined) registered.set(layer.route, known);
    }
  });
  patch<(this: Router, ...args: unknown[]) => unknown>(
    prototype,
    'use',
    (use) =>
      function (...args) {
        const from = this.stack?.length;
        const result = use.apply(this, args);
        remember(this, from, isHandler(args[0]) ? '/' : (args[0] as Path), false);
        return result;
      },
  );
  patch<(this: Router, path: Path) => unknown>(
    prototype,
    'route',
    (route) =>
      function (path) {
        const from = this.stack?.length;
        const result = route.call(this, path);
        remember(this, from, path, true);
        return result;
      },
  );
}

/** Whether the first argument of `use` is a handler, or a list of them, and not a path. */
function isHandler(argument: unknown): boolean {
  let first = argument;
  while (Array.isArray(first) && first.length > 0) first = first[0];
  return typeof first === 'function';
}

function registrationOf(path: Path, isRoute: boolean, layer: Layer, router: Router): Registered {
  if (!Array.isArray(path)) return { isRoute, path: textOf(path as string | RegExp, isRoute) };
  const { caseSensitive: sensitive, strict } = router;
  const options = { sensitive, strict: isRoute && strict, end: isRoute };
  const LayerOfPath = layer.constructor as LayerClass;
  const alternatives = path.flat(Infinity).map((each: string | RegExp) => ({
    path: textOf(each, isRoute),
    layer: new LayerOfPath(each, options, () => {}),
  }));
  return { isRoute, path: '', alternatives };
}

/** What is mounted adds its path to others, hence without a slash at the end. */
function textOf(path: string | RegExp, isRoute: boolean): string {
  return typeof path === 'string' && !isRoute && path.endsWith('/') ? path.slice(0, -1) : String(path);
}

const PATH_OF_URL = /^(?:[^/?]*:\/\/[^/?]*)?([^?]*)/;

function matching({ isRoute, alternatives = [] }: Registered, request: Request, around: string): string {
  // What is mounted has been taken off the URL already.
  const taken = (request.baseUrl ?? '').slice(around.length);
  const path = isRoute ? (PATH_OF_URL.exec(request.url)?.[1] ?? '') : taken || '/';
  return alternatives.find(({ layer }) => layer.match(path))?.path ?? '';
}

type ParamHandler = (this: unknown, request: Request, ...args: unknown[]) => unknown;
type Param = (this: Router, name: unknown, handler: ParamHandler) => unknown;

/** The handlers of `router.param` run before their layer is reached, and may answer. Of a layer they see its route only. */
function nameBeforeParams(prototype: object, guard: Guard): void {
  const reach = guard((request: Request) => {
    const { route } = request;
    const pass = passes.get(request);
    // The route may be an earlier one, which has passed the request on.
    if (pass === undefined || route === undefined || route === pass.route) return;
    const known = registered.get(route);
    if (known !== undefined) pass.call.name(nameOf(known, request, pass));
  });
  patch<Param>(
    prototype,
    'param',
    (param) =>
      function (name, handler) {
        if (typeof handler !== 'function') return param.call(this, name, handler);
        const holder = { handler };
        patch<ParamHandler>(
          holder,
          'handler',
          () =>
            function (request, ...args) {
              reach(request);
              return handler.call(this, request, ...args);
            },
        );
        return param.call(this, name, holder.handler);
      },
  );
}
