import Negotiator from 'negotiator';

export const JSON_TYPE = 'application/json';
export const PROTOBUF = 'application/x-protobuf';
/** One JSON object on each line. */
export const LINES = 'application/x-ndjson';
/** Server-sent events. */
export const EVENTS = 'text/event-stream';

/** The type in a `Content-Type`, without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/**
 * The type that a client likes best, or the first one if it accepts none of them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 (Accept)
 */
export function preferred(accept: string | undefined, offered: readonly [string, ...string[]]): string {
  if (accept === undefined) return offered[0];
  return new Negotiator({ headers: { accept } }).mediaType([...offered]) ?? offered[0];
}
