import { TraceFlags } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { isExported, isSampled, keep } from '../../../src/telemetry/traces/sampled.js';
import { finishedSpans } from '../../support/spans.js';

test('a span that is not sampled is exported when it is kept, and its context goes on to say so', () => {
  const [span] = finishedSpans(1);
  if (span === undefined) throw new Error('no span');
  const unsampled = { ...span, spanContext: () => ({ ...span.spanContext(), traceFlags: TraceFlags.NONE }) };

  expect([isExported(span), isExported(unsampled)]).toEqual([true, false]);
  keep(unsampled);

  expect(isExported(unsampled)).toBe(true);
  expect(isSampled(unsampled.spanContext())).toBe(false);
});
