import type { ExportResponse } from './export-response.js';

/** An encoded request in pieces, as they lie in memory: to join them would be to copy every span once more. */
export type Body = readonly Uint8Array[];

export function sizeOf(body: Body): number {
  return body.reduce((total, { length }) => total + length, 0);
}

/** More than any answer has. The rest of a longer one is not kept. */
export const MAX_RESPONSE_BYTES = 65_536;

/** The way to one OTLP endpoint for one signal. It keeps the process alive for a moment at most. */
export interface Transport {
  /** Makes one attempt to deliver an encoded export request, bounded by `timeoutMs`. A failure is a result, too. */
  send(body: Body): Promise<ExportResponse>;
  /** Drops the connection; a later `send` makes a new one. */
  close(): void;
}
