/**
 * The contract between a library and Redhook: types and comments, no code. Read this page first.
 *
 * An instrumentation is data plus functions. It says where to listen (`targets`) and translates what it
 * hears into Calls. There are two roles:
 *
 * - a **boundary** (http-server, http-client, fetch) opens a Call, runs the library inside it and ends it;
 * - a **router** (fastify) only names the Call that its boundary opened.
 *
 * An instrumentation knows this contract and its own library. It never sees the OpenTelemetry SDK, the
 * configuration or a logger, so spans and metrics cannot drift apart: both are made from the Call.
 */
export interface Instrumentation {
  /** Also the file name, the configuration key and the test file. */
  readonly name: string;
  readonly targets: readonly Target[];
}

/** Where to listen. Prefer a channel; patch a prototype in place where no channel can do it; never replace exports. */
export type Target = BuiltinTarget | ChannelTarget | PackageTarget;

/** A module of Node itself. `attach` runs once with its exports: at start, or when the slow `node:http2` is used. */
export interface BuiltinTarget {
  readonly builtin: 'node:http' | 'node:https' | 'node:http2';
  // biome-ignore lint/suspicious/noExplicitAny: the exports of a foreign module; its instrumentation knows their type.
  attach(exports: any, calls: Calls, guard: Guard): void;
}

/** A `diagnostics_channel`. `attach` runs for every message, already guarded; `guard` is for what runs later. */
export interface ChannelTarget {
  readonly channel: string;
  // biome-ignore lint/suspicious/noExplicitAny: the message of a foreign library; its instrumentation knows its type.
  attach(message: any, calls: Calls, guard: Guard): void;
}

/** An installed CommonJS package. `attach` runs once for each copy of it, as soon as it has been loaded. */
export interface PackageTarget {
  readonly package: string;
  /** A caret range of versions: `^1.8.0`. Others are left alone, and the log says so. */
  readonly versions: string;
  /** The file that gives the exports, from the package's folder: its `main`. */
  readonly file: string;
  // biome-ignore lint/suspicious/noExplicitAny: the exports of a foreign package; its instrumentation knows their type.
  attach(exports: any, calls: Calls, guard: Guard): void;
}

/**
 * Wraps our own code so that a fault in it never reaches the application: the first throw is logged in one
 * line, and from then on this instrumentation stays quiet (`undefined` is returned at once).
 */
export type Guard = <A extends unknown[], R>(fn: (...args: A) => R) => (...args: A) => R | undefined;

/** What an instrumentation can do with Calls. None of these methods throws. */
export interface Calls {
  /** Opens a Call, or returns `undefined` when this is Redhook's own traffic, which is never observed. */
  open(start: CallStart): Call | undefined;
  /** Records a call that has ended elsewhere, where there was no Redhook to see it. */
  record(start: CallStart, past: EndedCall, outcome: Outcome): void;
  /** The Call that was opened for this request, response or other library object. */
  of(subject: object): Call | undefined;
  /** Lets go of the Call of an ended request that lives on, for what it holds on to costs the garbage collector. */
  forget(subject: object): void;
  /** The Call that the running code is inside, if any. */
  readonly current: Call | undefined;
  /**
   * When the calls that the running code makes must have ended, in milliseconds since 1970. It never lengthens what the
   * application asked for. `undefined`: there is no such limit, or the user has not opted in to it.
   */
  readonly deadline: number | undefined;
  /** Binds `fn` to where the running code is, for a library that calls back from elsewhere. */
  bind<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R;
  /** Adds a metric that is asked for when metrics are read: what stands at that moment. */
  gauge(gauge: Gauge): void;
  /** Adds the metrics that the library serves itself, as a page of Prometheus text on loopback; absent if nobody reads. */
  readonly scrapePage: ((url: string) => void) | undefined;
  /**
   * Asks a service for something now and then, if the user has opted in to that: about once a minute, and less often
   * while the promise rejects. `what` says on stderr what is missing then.
   */
  poll(what: string, task: () => Promise<void>): void;
  /** Writes a line to stderr, once: what only the user can mend. */
  warn(line: string): void;
  /** True for a server of Redhook's own, such as the one behind `/metrics`. */
  isOwn(server: object): boolean;
}

export interface Gauge {
  readonly name: string;
  readonly description: string;
  /** In the words of UCUM: `s`, `{worker}`. */
  readonly unit: string;
  read(): Iterable<GaugePoint>;
}

/** The values of `attributes` come from a fixed set. */
export interface GaugePoint {
  readonly value: number;
  readonly attributes: Attributes;
}

/** `server` and `client` wait for each other; a `producer` leaves work to a `consumer` and goes on. */
export type CallKind = 'server' | 'client' | 'producer' | 'consumer';
export type CallSystem =
  | 'http'
  | 'grpc'
  | 'temporal-client'
  | 'temporal-rpc'
  | 'temporal-long-rpc'
  | 'temporal-activity'
  | 'temporal-workflow'
  | 'temporal-outbound';
export type AttributeValue = string | number | boolean;
export type Attributes = Record<string, AttributeValue | undefined>;

export interface CallStart {
  readonly kind: CallKind;
  readonly system: CallSystem;
  /** The system whose calls are no calls of their own when they are made directly inside this one. */
  readonly covers?: CallSystem;
  /** False when another telemetry makes the span of this call: then it is counted only. */
  readonly traced?: boolean;
  /**
   * What is asked for, in the system's own words: the HTTP method, `package.Service/Method` of gRPC. It is `_OTHER`
   * when it is not a known one; those of gRPC and Temporal are known by `route` or `name` alone.
   */
  readonly operation: string;
  /** The route template, or the gRPC method that exists, when it is known this early. Never a raw path. */
  readonly route?: string | undefined;
  /** The objects of the library by which `calls.of` finds this Call again. */
  readonly subjects?: readonly object[];
  /** The headers that arrived with a server or consumer call; the parent of the trace is read from them. */
  readonly received?: IncomingHeaders;
  /** The headers that leave with a client or producer call; the trace is written into them. */
  readonly outgoing?: OutgoingHeaders;
  /** When the caller stops waiting, in milliseconds since 1970. */
  readonly deadline?: number | undefined;
  /** The labels of the call, by their semantic-convention names: RED counts it under these, and its span tells them. */
  readonly attributes: Attributes;
  /** The attributes that only a span has: it is asked when one is recorded, as the call opens. */
  readonly detail?: () => Attributes;
  /** What many spans tell alike, as those of one connection: the same object each time, so that it is encoded once. */
  readonly shared?: () => Shared;
}

export interface Shared {
  readonly attributes: Attributes;
  /** Belongs to whoever encodes it. */
  encoded: Uint8Array | 'once' | undefined;
}

/** The times and the place in its trace of a call that is told afterwards. */
export interface EndedCall {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** Whether its parent is sampled, when it has one. */
  readonly sampled: boolean;
}

/** Header values by lower-case name, as Node gives them. */
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface OutgoingHeaders {
  set(name: string, value: string): void;
}

/** One call of the application, from its first moment to its only end. */
export interface Call {
  /** Runs `fn` so that everything it starts is inside this Call. Returns and throws what `fn` does. */
  run<A extends unknown[], R>(fn: (...args: A) => R, thisArg?: unknown, ...args: A): R;
  /** Names the Call by its route template, or by the gRPC method. The last name before the end counts. */
  name(route: string): void;
  /** Sets labels that the call was opened with; any other attribute is added to its span. */
  set(attributes: Attributes): void;
  /** Notes the status code as soon as it is known; an end without a code keeps it. */
  answered(code: number | string): void;
  readonly code: number | string | undefined;
  /** Whether there is a span that takes attributes: what costs something need not be asked for else. */
  readonly isRecorded: boolean;
  /** Ends the Call and freezes its record. Only the first end counts. */
  end(outcome: Outcome): void;
}

/** How a call ended. It counts as an error when `error` is given, or when the conventions say so of its code. */
export interface Outcome {
  /** The system's status code: the HTTP status, the name of the gRPC status. Absent when there was none. */
  readonly code?: number | string | undefined;
  /** What went wrong: the exception, or a short constant such as `aborted`. Gives `error.type`. */
  readonly error?: unknown;
  /** The `error.type`, where the library knows it better than the exception tells. */
  readonly errorType?: string | undefined;
}
