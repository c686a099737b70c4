import type { ExtractCarrier, InjectCarrier } from '../../instrumentation.js';

/** A Temporal value in its serialized form. The metadata names its encoding. */
export interface Payload {
  readonly metadata?: Readonly<Record<string, Uint8Array>> | null;
  readonly data?: Uint8Array | null;
}

export type Headers = Readonly<Record<string, Payload>>;

/** The header in which the tracing interceptors of all Temporal SDKs put the W3C headers, as a JSON object. */
export const TRACE_HEADER = '_tracer-data';

const ENCODING = { encoding: Buffer.from('json/plain') };

/** Collects the trace headers of an outgoing operation. */
export class TraceCarrier implements InjectCarrier {
  readonly #values: Record<string, string> = {};

  get(name: string): string | undefined {
    return this.#values[name];
  }

  set(name: string, value: string): void {
    this.#values[name] = value;
  }

  /** The same for the headers of a Nexus operation, which are those of HTTP. */
  addToNexus(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
    return 'traceparent' in headers ? headers : { ...headers, ...this.#values };
  }

  /** Returns the headers with the trace context added, unless they already carry one. */
  addTo(headers: Headers = {}): Headers {
    if (TRACE_HEADER in headers || Object.keys(this.#values).length === 0) return headers;
    return {
      ...headers,
      [TRACE_HEADER]: { metadata: ENCODING, data: Buffer.from(JSON.stringify(this.#values)) },
    };
  }
}

/** The trace headers that arrived with an operation. Empty if there are none, or if they cannot be parsed. */
export function traceHeadersIn(headers: Headers | undefined): ExtractCarrier {
  const data = headers?.[TRACE_HEADER]?.data;
  if (data == null) return {};
  try {
    const values: unknown = JSON.parse(Buffer.from(data).toString());
    return typeof values === 'object' && values !== null ? (values as ExtractCarrier) : {};
  } catch {
    return {};
  }
}
