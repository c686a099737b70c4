import type { Context, Span } from '@opentelemetry/api';
import type { Attributes, Call, CallKind, CallStart, EndedCall } from '../instrumentation.js';
import type { CallConvention } from '../semconv/convention.js';
import type { Links } from './links.js';

/** Everything known about a call. Complete when `end` receives it; only RED still sets `seriesAttributes`. */
export interface CallRecord {
  readonly kind: CallKind;
  readonly convention: CallConvention;
  /** False when another tracer makes its span. */
  readonly traced: boolean;
  /** Bounded: an unknown operation is `_OTHER`. */
  readonly operation: string;
  readonly route: string | undefined;
  /** The labels of the RED metrics. The span carries them too. */
  readonly attributes: Attributes;
  /** Attributes of the span alone that became known after the call was opened. */
  readonly spanOnlyAttributes: Attributes | undefined;
  /**
   * The labels of the series that counted the call: the same object for all calls with these values. Absent when the
   * overflow series counted it, because its labels do not describe the call.
   */
  seriesAttributes?: Attributes | undefined;
  /** Seconds from open to end. */
  readonly duration: number;
  readonly failed: boolean;
  readonly error: unknown;
  /** Absent when spans are not recorded at all. */
  readonly span: Span | undefined;
  /** The senders of the messages that it has received, beside its parent. */
  readonly links: Links | undefined;
  /** How many messages it carries, for conventions that count them. */
  readonly messages: number;
  /** The times and ids of a call that is recorded after its end. */
  readonly ended: EndedCall | undefined;
  /** For what the application says about the call by the API of OpenTelemetry. */
  readonly name: Call['name'];
  readonly set: Call['set'];
}

/** Watches calls. Spans and RED metrics are recorded by observers. */
export interface CallObserver {
  /** Called when a call opens. Returns its span. `parent` is the context around the call. */
  start?(call: CallRecord, parent: Context, start: CallStart): Span | undefined;
  /** Called once, when the call ends. */
  end(call: CallRecord): void;
}
