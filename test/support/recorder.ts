import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { expect } from 'vitest';
import { type CallRecord, type CallRegistry, createCalls } from '../../src/call.js';
import { attach } from '../../src/hooks/attach.js';
import type { Instrumentation } from '../../src/instrumentation.js';
import { KNOWN_METHODS } from '../../src/semconv/methods.js';

/** What a test sees of a call that has ended. */
export interface Ended {
  kind: string;
  operation: string;
  route: string | undefined;
  code: unknown;
  error: unknown;
  /** The trace that the call would continue, from what arrived with it. */
  parent: string | undefined;
  attributes: CallRecord['attributes'];
}

/** Attaches instrumentations to a real library and records the calls they make, without spans or metrics. */
export function record(...instrumentations: Instrumentation[]): Recorder {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  const ended: Ended[] = [];
  const calls = createCalls({
    knownMethods: KNOWN_METHODS,
    observers: [
      {
        end({ kind, operation, route, attributes, convention }, at) {
          ended.push({
            kind,
            operation,
            route,
            code: attributes[convention.code],
            error: attributes['error.type'],
            parent: trace.getSpanContext(at)?.traceId,
            attributes,
          });
        },
      },
    ],
  });
  for (const each of instrumentations) attach(each, calls);
  return {
    calls,
    ended,
    /** Waits for exactly `count` ended calls, and a little longer for one too many; then forgets them. */
    async take(count) {
      await expect.poll(() => ended.length, { timeout: 5_000, interval: 5 }).toBeGreaterThanOrEqual(count);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const taken = ended.splice(0);
      expect(taken).toHaveLength(count);
      return taken;
    },
  };
}

export interface Recorder {
  calls: CallRegistry;
  ended: Ended[];
  take(count: number): Promise<Ended[]>;
}
