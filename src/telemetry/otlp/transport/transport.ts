import type { ExportResponse } from './export-response.js';

/** An encoded request in pieces. Joining them would copy every span once more. */
export type Body = readonly Uint8Array[];

export function sizeOf(body: Body): number {
  return body.reduce((total, { length }) => total + length, 0);
}

/** More than any valid answer needs. The rest of a longer one is discarded. */
export const MAX_RESPONSE_BYTES = 65_536;

/** Sends one signal to one OTLP endpoint. It keeps the process alive only briefly. */
export interface Transport {
  /** Makes one attempt to deliver an encoded export request, bounded by `timeoutMs`. A failure is a result, too. */
  send(body: Body): Promise<ExportResponse>;
  /** Closes the connection. A later `send` opens a new one. */
  close(): void;
}
