import { type Context, propagation, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import type { ExtractCarrier } from '../instrumentation.js';
import { log, reason } from '../log.js';

/** What becomes of the trace context of a caller: its trace is continued, only linked to, or ignored. */
export type IncomingContext = 'continue' | 'link' | 'ignore';

type Carrier = ExtractCarrier | undefined;

export interface Incoming {
  /** The context around a call that arrives. */
  parent(carrier: Carrier): Context;
  /** The span of the caller, where its trace is not continued but linked to. */
  readonly link?: (carrier: Carrier) => SpanContext | undefined;
}

export type Extract = (carrier: Carrier) => Context;

/** The choice is made once for all requests: none pays for it. */
export function readIncoming(choice: IncomingContext, extract: Extract): Incoming {
  const outside = () => ROOT_CONTEXT;
  if (choice === 'ignore') return { parent: outside };
  if (choice === 'continue') return { parent: extract };
  // Baggage stays outside too: it belongs to the trace that is not continued.
  return { parent: outside, link: (carrier) => trace.getSpanContext(extract(carrier)) };
}

/** To be called at start, before the application may set a propagator that throws. */
export function extractor(): Extract {
  const headersRead = propagation.fields();
  return (carrier) => {
    // Most requests bring none, and a look at the headers is cheaper than the propagator.
    const hasParent = carrier !== undefined && headersRead.some((name) => carrier[name] !== undefined);
    if (!hasParent) return ROOT_CONTEXT;
    try {
      return propagation.extract(ROOT_CONTEXT, carrier);
    } catch (error) {
      // The application may have set a propagator of its own. The call is counted all the same.
      log.debug(`the trace context was not extracted: ${reason(error)}`);
      return ROOT_CONTEXT;
    }
  };
}
