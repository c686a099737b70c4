import type { Context, Span } from '@opentelemetry/api';
import type { Attributes, CallKind, CallStart, EndedCall } from '../instrumentation.js';
import type { CallConvention } from '../semconv/convention.js';

/** All that is known of a call. Complete and final when the observers' `end` sees it. */
export interface CallRecord {
  readonly kind: CallKind;
  readonly convention: CallConvention;
  /** False when another tracer makes its span. */
  readonly traced: boolean;
  /** Bounded: `_OTHER` when it is not a known one. */
  readonly operation: string;
  readonly route: string | undefined;
  /** The labels of RED, which the span has too. */
  readonly attributes: Attributes;
  /** The attributes that only the span has and that became known after the call was opened. */
  readonly added: Attributes | undefined;
  /**
   * The labels of the series that counted the call: the same object for all calls with these values. Absent when the
   * series is the overflow series, whose labels say less.
   */
  labels?: Attributes | undefined;
  /** Seconds from open to end. */
  readonly duration: number;
  readonly failed: boolean;
  readonly error: unknown;
  /** Absent when spans are not recorded at all. */
  readonly span: Span | undefined;
  /** The times and ids of a call that is recorded after its end. */
  readonly ended: EndedCall | undefined;
}

/** Watches calls. Spans and RED are two of these. */
export interface CallObserver {
  /** Called when a call opens; returns its span. `parent` is the context around the call. */
  start?(call: CallRecord, parent: Context, start: CallStart): Span | undefined;
  /** Called once, when the call ends. */
  end(call: CallRecord): void;
}
