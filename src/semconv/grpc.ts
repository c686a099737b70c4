const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/**
 * The name of a status number. Any other number is `UNKNOWN`, as in every gRPC library.
 *
 * @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export function statusName(code: number | string | undefined): string {
  return NAMES[Number(code)] ?? 'UNKNOWN';
}

/** What a status of HTTP means where there is none of gRPC: the answer of a proxy. Any other one is `UNKNOWN`. */
const OF_HTTP: Record<number, string> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** @see https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md */
export function statusOfHttp(status: number): string {
  return OF_HTTP[status] ?? 'UNKNOWN';
}

const GRPC = 'application/grpc';

/**
 * Whether a content type is that of gRPC, in any of its encodings (`application/grpc+proto`). gRPC-Web is not: its
 * status is in the body, so it is plain HTTP, as it is over HTTP/1.
 */
export function isGrpc(headers: { readonly 'content-type'?: unknown }): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && type.startsWith(GRPC) && type[GRPC.length] !== '-';
}

/** `package.Service/Method` of a `:path`, which begins with a slash. */
export function methodOf(path: string): string {
  return path.startsWith('/') ? path.slice(1) : path;
}

const UNITS: Record<string, number> = { H: 3600, M: 60, S: 1, m: 1e-3, u: 1e-6, n: 1e-9 };

/**
 * The seconds of a `grpc-timeout` header (`100m`), or `undefined` if it is absent or malformed.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export function timeoutOf(header: unknown): number | undefined {
  if (header === undefined) return undefined;
  const [, amount, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(header)) ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit] ?? 1);
}

/** The two sides start their timers at different moments, so whoever gives up may have waited a little less. */
const MOST_OF_TIMEOUT = 0.9;

/** Whether most of a timeout has passed since a moment in milliseconds since 1970. */
export function isMostlyOver(timeout: number | undefined, since: number): boolean {
  return timeout !== undefined && (Date.now() - since) / 1000 >= timeout * MOST_OF_TIMEOUT;
}
