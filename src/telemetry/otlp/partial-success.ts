import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';

/** The receiver's report about a request that it accepted. A message without anything rejected is a warning. */
export interface PartialSuccess {
  /** How many spans, or data points. */
  readonly rejected: number;
  readonly message: string;
}

/**
 * Reads an `ExportTraceServiceResponse`, or an `ExportMetricsServiceResponse`, which has the same fields.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#partial-success
 */
export function partialSuccess(response: Uint8Array): PartialSuccess {
  try {
    const { rejectedSpans = 0, errorMessage = '' } =
      ProtobufTraceSerializer.deserializeResponse(response).partialSuccess ?? {};
    return { rejected: rejectedSpans, message: errorMessage };
  } catch {
    // Still a success: some receivers answer with JSON or plain text.
    return { rejected: 0, message: '' };
  }
}
