import type { CallConvention } from './semconv/convention.js';

/**
 * The contract between a library and Redhook: types and comments, no code. Read this page first.
 *
 * An instrumentation is data plus functions. Its `targets` say where it listens; its functions translate what they
 * hear into Calls. There are two roles:
 *
 * - A **boundary** (http-server, http-client, fetch) opens a Call, runs the library inside it and ends it.
 * - A **router** (express, fastify) only names the Call that its boundary opened.
 *
 * An instrumentation knows this contract, its own library and the conventions in `semconv/`. It never sees the
 * OpenTelemetry SDK, the configuration or a logger. Spans and metrics are both made from the Call, so they cannot
 * drift apart.
 */
export interface Instrumentation {
  /** Also the file name, the configuration key and the test file. */
  readonly name: string;
  /** Other names in the configuration. Instrumentations that share one are switched together: `http`, `grpc`. */
  readonly aliases?: readonly string[];
  /** Off unless the configuration turns it on by its name. */
  readonly isOptIn?: boolean;
  /** What it observes, for the documentation: `Servers of node:http and node:https`. */
  readonly observes: string;
  /** The kinds of calls that it opens. A router has none. */
  readonly conventions: readonly CallConvention[];
  readonly targets: readonly Target[];
}

/** What the configuration turns on and off: an instrumentation, or the metrics of Node itself. */
export type Switchable = Pick<Instrumentation, 'name' | 'aliases' | 'isOptIn'>;

/**
 * Where to listen, in this order of preference: a channel that the library publishes, its public hook, a prototype
 * patched in place. Exports are never replaced.
 */
export type Target = TracingTarget | ChannelTarget | PackageTarget | ModuleTarget | BuiltinTarget;

/**
 * A `TracingChannel` of `node:diagnostics_channel`, on which a library publishes each of its operations. The
 * operation, and all that it starts, runs inside the Call that `open` returns.
 */
export interface TracingTarget {
  /** The name without the prefix `tracing:` and without an event: `ioredis:command`. */
  readonly tracing: string;
  /** Called with the message of the operation when it starts. Without a Call the operation is not observed. */
  // biome-ignore lint/suspicious/noExplicitAny: the message of a foreign library; its instrumentation knows its type.
  open(message: any, calls: Calls): Call | undefined;
  /** How the operation ended. By default it failed if the message has an `error`. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  outcome?(message: any): Outcome;
}

/** A `diagnostics_channel`. `attach` runs for every message, already guarded; `guard` is for what runs later. */
export interface ChannelTarget {
  readonly channel: string;
  /** Only the first message is of interest. A channel without subscribers costs the library nothing. */
  readonly once?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the message of a foreign library; its instrumentation knows its type.
  attach(message: any, calls: Calls, guard: Guard): void;
}

/** An installed CommonJS package. `attach` runs once for each copy of it, as soon as the copy has been loaded. */
export interface PackageTarget {
  readonly package: string;
  /**
   * One or more caret ranges of versions: `^1.8.0 || ^2.0.0`. Other versions are left alone, and the log says so. Absent:
   * every version.
   */
  readonly versions?: string;
  /** The file whose exports `attach` receives, relative to the package's folder: often its `main`. */
  readonly file: string;
  /** A name that the file exports. Spares a start the look into the package.json of all packages with such a file. */
  readonly exporting?: string;
  // biome-ignore lint/suspicious/noExplicitAny: the exports of a foreign package; its instrumentation knows their type.
  attach(exports: any, calls: Calls, guard: Guard): void;
}

/** A file of a package of real ES modules. `attach` runs once for each copy of it, before the application has it. */
export interface ModuleTarget {
  readonly package: string;
  /** As for a CommonJS package. */
  readonly versions?: string;
  /** The file, relative to the package's folder; `*` stands for any name. An inner one, not that of the package's name. */
  readonly module: string;
  // biome-ignore lint/suspicious/noExplicitAny: the exports of a foreign module; its instrumentation knows their type.
  attach(exports: any, calls: Calls, guard: Guard): void;
}

/** A module of Node. `attach` runs once with its exports: at start, or when the application first uses the module. */
export interface BuiltinTarget {
  readonly builtin: 'node:console' | 'node:events' | 'node:http' | 'node:https' | 'node:http2';
  // biome-ignore lint/suspicious/noExplicitAny: the exports of a foreign module; its instrumentation knows their type.
  attach(exports: any, calls: Calls, guard: Guard): void;
}

/**
 * Wraps our own code so that a fault in it never reaches the application: the function returns `undefined`, and each kind
 * of fault is logged in one line. After many faults within a minute every guarded function of this instrumentation
 * returns `undefined` at once, for a while.
 */
export type Guard = <A extends unknown[], R>(fn: (...args: A) => R) => (...args: A) => R | undefined;

/** What an instrumentation can do with Calls. None of these methods throws. */
export interface Calls {
  /** Opens a Call. Returns `undefined` for Redhook's own traffic and for a call that the one around it suppresses. */
  open(start: CallStart): Call | undefined;
  /** Records a call that ended elsewhere, where Redhook could not see it. */
  recordEnded(start: CallStart, ended: EndedCall, outcome: Outcome): void;
  /**
   * Makes an open Call one of another convention, as if it had been opened so: HTTP, where a client has said that it calls
   * gRPC and the answer is no gRPC. Its place in the trace and its route stay.
   */
  change(call: Call, start: CallStart): void;
  /** Links an open Call to the senders of messages that it has received, as `CallStart.links` does when it opens. */
  link(call: Call, headers: readonly ExtractCarrier[]): void;
  /** The Call that was opened for this request, response or other library object. */
  of(subject: object): Call | undefined;
  /** Lets go of the Call of a subject that outlives it, so that what it holds can be collected. */
  forget(subject: object): void;
  /** The Call that the running code is inside, if any. */
  readonly current: Call | undefined;
  /** What a log line needs to be found from the trace that the running code is in, if it is in one. */
  readonly logFields: LogFields | undefined;
  /**
   * When the calls that the running code makes must have ended, in milliseconds since 1970. It never extends what the
   * application asked for. `undefined`: there is no such limit, or the user has not opted in to it.
   */
  readonly deadline: number | undefined;
  /** Binds `fn` to the current context, for a library that calls back from elsewhere. Its `this` stays as it is. */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R;
  /** Adds a metric that is read whenever metrics are collected. */
  addGauge(gauge: Gauge): void;
  /** Adds a page of Prometheus text that the library serves on loopback. Absent when nobody reads metrics. */
  readonly addScrapedPage: ((url: string) => void) | undefined;
  /** Sets headers of an HTTP response on its span. Absent unless the user wants some of them. */
  readonly captureResponse: ((call: Call, read: (name: string) => unknown) => void) | undefined;
  /** Does nothing unless the user has opted in to polling. */
  readonly poll: Poll;
  /** Writes a line to stderr, once. For what only the user can fix. */
  warn(line: string): void;
  /** Runs `fn` so that its requests are Redhook's own traffic, and observed by nobody. */
  asOwnTraffic<R>(fn: () => R): R;
  /** True for a server of Redhook's own, such as the one behind `/metrics`. */
  isOwn(server: object): boolean;
}

/** By the names that OpenTelemetry gives them in text formats. */
export interface LogFields {
  readonly trace_id: string;
  readonly span_id: string;
  /** `01` if the trace is sampled. */
  readonly trace_flags: string;
}

/**
 * Runs `task` about once a minute, less often while its promise rejects. `consequence` says on stderr what a rejection
 * leaves out.
 */
export type Poll = (consequence: string, task: () => Promise<void>) => void;

export interface Gauge {
  readonly name: string;
  readonly description: string;
  /** In UCUM notation: `s`, `{worker}`. */
  readonly unit: string;
  read(): Iterable<GaugePoint>;
}

/** The values of `attributes` come from a fixed set. */
export interface GaugePoint {
  readonly value: number;
  readonly attributes: Attributes;
}

/** A `client` waits for its `server`. A `producer` hands work to a `consumer` and does not wait. */
export type CallKind = 'server' | 'client' | 'producer' | 'consumer';
export type AttributeValue = string | number | boolean | string[];
export type Attributes = Record<string, AttributeValue | undefined>;

export interface CallStart {
  readonly kind: CallKind;
  /** The names of its histogram, labels and span. */
  readonly convention: CallConvention;
  /** Calls of this convention are not observed when they are made directly inside this one: they are a part of it. */
  readonly suppresses?: CallConvention;
  /** False when another tracer makes the span of this call. It is counted all the same. */
  readonly traced?: boolean;
  /**
   * What is asked for, in the library's own words, such as the HTTP method. An operation that is not in the list of
   * known ones becomes `_OTHER`. It may be left out where the route says it all.
   */
  readonly operation?: string;
  /** The route template, or the method of an RPC that exists, when it is known this early. Never a raw path. */
  readonly route?: string | undefined;
  /** The objects of the library by which `calls.of` finds this Call. */
  readonly subjects?: readonly object[];
  /** The headers that arrived with a server or consumer call. The parent of its span is read from them. */
  readonly extractFrom?: ExtractCarrier;
  /**
   * The headers of each message of a batch. The span links to their senders, each once and at most 128, because only one
   * of them could be its parent.
   */
  readonly links?: readonly ExtractCarrier[];
  /** How many messages it carries, if that is known already. By default it is one. */
  readonly messages?: number | undefined;
  /** The headers that leave with a client or producer call. The trace context is written into them. */
  readonly injectInto?: InjectCarrier;
  /** When the caller stops waiting, in milliseconds since 1970. */
  readonly deadline?: number | undefined;
  /** The labels that are known now, by their semantic-convention names. RED and the span share them. */
  readonly attributes?: Attributes;
  /** The attributes that only a span has. Called when a span is recorded, while the call opens. */
  readonly spanAttributes?: () => Attributes;
  /** Attributes of many spans, such as those of one connection. The same object each time is encoded only once. */
  readonly sharedAttributes?: () => Attributes;
}

/** Header values by lower-case name, as Node gives them. */
export type ExtractCarrier = Readonly<Record<string, string | string[] | undefined>>;

/** The headers of a request that has not left yet. Names are in lower case, and match whatever case the request uses. */
export interface InjectCarrier {
  /** What the application has set itself; several values joined by commas. */
  get(name: string): string | undefined;
  /** Replaces every value that the request has. */
  set(name: string, value: string): void;
}

/** The times and the span ids of a call that is recorded after its end. */
export interface EndedCall {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Absent: the trace of this call begins with it. */
  readonly traceId: string | undefined;
  /** Absent: nobody knows it yet. */
  readonly spanId: string | undefined;
  readonly parentSpanId: string | undefined;
  /** Whether its parent is sampled, if it has one. */
  readonly sampled: boolean;
  /** The `tracestate` of its parent. */
  readonly traceState?: string | undefined;
}

/** One call of the application, from its first moment to its only end. */
export interface Call {
  /** Runs `fn`, and all that it starts, inside this Call. Returns and throws what `fn` does. */
  run<A extends unknown[], R>(fn: (...args: A) => R, thisArg?: unknown, ...args: A): R;
  /** Runs `fn` in the context around this Call: there the library makes the next one, after a redirect for example. */
  runOutside<A extends unknown[], R>(fn: (...args: A) => R, thisArg?: unknown, ...args: A): R;
  /**
   * Names the Call by its route template, or by the method of an RPC. The last name before the end counts; `undefined`
   * takes it back.
   */
  name(route: string | undefined): void;
  /** What it is named by now. */
  readonly route: string | undefined;
  /** Sets labels and span attributes. A name that is no label of the convention goes to the span alone. */
  set(attributes: Attributes): void;
  /** Sets the status code as soon as it is known. An end without a code keeps it. */
  answered(code: number | string): void;
  readonly code: number | string | undefined;
  /** The call goes on, and counts as failed whatever its status will be. The first error stays, unless it ends with one. */
  fail(error: unknown): void;
  /** Chunks have copies of their own: compare the name of the histogram. */
  readonly convention: CallConvention;
  /** Whether a span is recorded. If not, attributes that are costly to compute need not be. */
  readonly isRecorded: boolean;
  /** Ends the Call, which then accepts no more changes. Only the first end counts. */
  end(outcome: Outcome): void;
}

/** How a call ended. It is an error when `error` is given, or when the convention says so of its code. */
export interface Outcome {
  /** The status code: the HTTP status, the name of the gRPC status. Absent when there was none. */
  readonly code?: number | string | undefined;
  /** What went wrong: the exception, or a short constant such as `aborted`. Its type becomes `error.type`. */
  readonly error?: unknown;
  /** How many messages have arrived. */
  readonly messages?: number;
  /** The `error.type`, where the library knows better than the exception. */
  readonly errorType?: string | undefined;
}
