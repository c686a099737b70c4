import type { Context, Span } from '@opentelemetry/api';
import type { Attributes, CallKind, CallSystem, EndedCall, Shared } from '../instrumentation.js';
import type { CallConvention } from '../semconv/convention.js';

/** What is known of a call. Complete and final when the observers' `end` sees it. */
export interface CallRecord {
  readonly kind: CallKind;
  readonly system: CallSystem;
  readonly convention: CallConvention;
  /** False when another telemetry makes its span. */
  readonly traced: boolean;
  /** The operation, bounded: `_OTHER` when it is not a known one. */
  readonly operation: string;
  readonly route: string | undefined;
  /** The labels of RED, which the span tells too. */
  readonly attributes: Attributes;
  /** What only the span tells, known after the call was opened. */
  readonly added: Attributes | undefined;
  /** What RED has counted it under: the same object for all calls with these values. Absent when that is less. */
  labels?: Attributes | undefined;
  /** What the span tells besides. Known as long as the call is opening only. */
  readonly detail: (() => Attributes) | undefined;
  /** What it has in common with the spans of other calls; also known no longer. */
  readonly shared: (() => Shared) | undefined;
  /** Seconds from open to end. */
  readonly duration: number;
  readonly failed: boolean;
  readonly error: unknown;
  /** The span of this call. Absent when spans are not recorded at all. */
  readonly span: Span | undefined;
  /** The times and ids of a call that is told afterwards. */
  readonly past: EndedCall | undefined;
}

/** Watches calls: spans and RED are two of these. */
export interface CallObserver {
  /** Called when a call opens; gives its span. `parent` is the context around the call. */
  start?(call: CallRecord, parent: Context): Span | undefined;
  /** Called once, when the call ends. */
  end(call: CallRecord): void;
}
