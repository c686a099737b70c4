import type { ExtractCarrier, InjectCarrier } from '../../instrumentation.js';

/** A value of Temporal as it travels: its encoding is in the metadata. */
export interface Payload {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
  readonly data?: Uint8Array | null;
}

export type Headers = Readonly<Record<string, Payload>>;

/** Where the tracing interceptors of all Temporal SDKs put the trace: the headers of W3C as an object of JSON. */
export const TRACE_HEADER = '_tracer-data';

const ENCODING = { encoding: Buffer.from('json/plain') };

/** Collects the headers of a trace that leaves with an operation. */
export class TraceCarrier implements InjectCarrier {
  readonly #values: Record<string, string> = {};

  set(name: string, value: string): void {
    this.#values[name] = value;
  }

  /** The headers with the trace among them, unless somebody else has put one there. */
  addTo(headers: Headers = {}): Headers {
    if (TRACE_HEADER in headers || Object.keys(this.#values).length === 0) return headers;
    return {
      ...headers,
      [TRACE_HEADER]: { metadata: ENCODING, data: Buffer.from(JSON.stringify(this.#values)) },
    };
  }
}

/** The headers of the trace that arrived; none when there are none that can be read. */
export function traceIn(headers: Headers | undefined): ExtractCarrier {
  const data = headers?.[TRACE_HEADER]?.data;
  if (data == null) return {};
  try {
    const values: unknown = JSON.parse(Buffer.from(data).toString());
    return typeof values === 'object' && values !== null ? (values as ExtractCarrier) : {};
  } catch {
    return {};
  }
}
