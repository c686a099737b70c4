import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';

export type Send = (number: number) => Promise<string | undefined>;

/**
 * Sends 200 requests, 20 at a time, each in a trace of its own, of which every other one is not sampled. `send` returns
 * the `traceparent` that has arrived. Returns the numbers of the requests that arrived in the trace of another one, or
 * with the sampling decision of another one.
 */
export async function strangersAmong(send: Send, { requests = 200, atATime = 20 } = {}): Promise<number[]> {
  const strangers: number[] = [];
  for (let first = 0; first < requests; first += atATime) {
    const batch = Array.from({ length: Math.min(atATime, requests - first) }, async (_, i) => {
      const number = first + i;
      const traceId = (number + 1).toString(16).padStart(32, '0');
      const traceFlags = number % 2 === 0 ? TraceFlags.NONE : TraceFlags.SAMPLED;
      const traceparent = await context.with(inTrace(traceId, traceFlags), () => send(number));
      const [, arrivedIn, , flags] = traceparent?.split('-') ?? [];
      if (arrivedIn !== traceId || Number(flags) !== traceFlags) strangers.push(number);
    });
    await Promise.all(batch);
  }
  return strangers;
}

function inTrace(traceId: string, traceFlags: TraceFlags) {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId: 'b7ad6b7169203331', traceFlags });
}
