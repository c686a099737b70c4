import type { Attributes, Call, CallStart } from '../instrumentation.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../semconv/http.js';
import type { TrackedCall } from './call.js';

/** The names of the headers that spans carry, in lower case. */
export interface CapturedHeaders {
  readonly serverRequest: readonly string[];
  readonly serverResponse: readonly string[];
  readonly clientRequest: readonly string[];
  readonly clientResponse: readonly string[];
}

/** Reads one header, as the library keeps it. */
type Read = (name: string) => unknown;

export interface HeaderCapture {
  /** Called when a call has been opened, while the headers of its request are at hand. */
  ofRequest(call: Call, start: CallStart): void;
  ofResponse(call: Call, read: Read): void;
}

/**
 * Sets the headers that the user has named on the spans of HTTP calls. `undefined`: none are named.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function captureHeaders(names: CapturedHeaders): HeaderCapture | undefined {
  if (Object.values(names).every((list) => list.length === 0)) return undefined;
  return {
    ofRequest(call, { convention, extractFrom, injectInto }) {
      if (convention === HTTP_SERVER && extractFrom !== undefined)
        capture(call, 'request', names.serverRequest, (name) => extractFrom[name]);
      if (convention === HTTP_CLIENT && injectInto !== undefined)
        capture(call, 'request', names.clientRequest, (name) => injectInto.get(name));
    },
    ofResponse(call, read) {
      const { convention } = call as TrackedCall;
      if (convention === HTTP_SERVER) capture(call, 'response', names.serverResponse, read);
      if (convention === HTTP_CLIENT) capture(call, 'response', names.clientResponse, read);
    },
  };
}

function capture(call: Call, side: 'request' | 'response', names: readonly string[], read: Read): void {
  if (names.length === 0 || !call.isRecorded) return;
  const attributes: Attributes = {};
  for (const name of names) {
    const value = read(name);
    if (value !== undefined) attributes[`http.${side}.header.${name}`] = [value].flat().map(String);
  }
  call.set(attributes);
}
