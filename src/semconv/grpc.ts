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
 * The name of a status number. One that is not in the list is `UNKNOWN`, as every gRPC library reads it.
 *
 * @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export function statusName(code: number | string | undefined): string {
  return NAMES[Number(code)] ?? 'UNKNOWN';
}

/** `package.Service/Method` of a `:path`, which begins with a slash. */
export function methodOf(path: string): string {
  return path.startsWith('/') ? path.slice(1) : path;
}
