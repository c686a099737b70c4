import { AsyncLocalStorage } from 'node:async_hooks';
import type { Resource } from '@opentelemetry/resources';
import type { ConsoleExporter, OtlpSpanExporter } from '../../config/config.js';
import { createConsole } from '../console/console.js';
import { lazily } from '../lazily.js';
import type { InternalCounter } from '../metrics/internal.js';
import { openSpanOutput, type SpanOutput } from '../otlp/span-output.js';
import { SCOPE } from '../scope.js';

/** Where the spans of one exporter of the configuration go. */
export function openOutput(
  exporter: ConsoleExporter | OtlpSpanExporter,
  resource: Resource,
  dropped: InternalCounter,
): SpanOutput {
  if (exporter.type === 'console') {
    const console = createConsole({ colour: exporter.colour });
    return {
      processor: console,
      pendingRequests() {
        console.flush();
        return [];
      },
    };
  }
  return whenUsed(() => openSpanOutput({ exporter, queue: exporter.queue, resource, scope: SCOPE, dropped }));
}

/** Opens an output when the first span ends. That is inside a request, whose async stores must not be kept for it. */
function whenUsed(open: () => SpanOutput): SpanOutput {
  const outsideRequests = AsyncLocalStorage.snapshot();
  let opened: SpanOutput | undefined;
  const first = lazily('traces: the exporter', () => {
    opened = outsideRequests(open);
    return opened;
  });
  return {
    processor: {
      onStart() {},
      onEnd: (span) => (opened ?? first())?.processor.onEnd(span),
      forceFlush: async () => opened?.processor.forceFlush(),
      shutdown: async () => (opened ?? first())?.processor.shutdown(),
    },
    pendingRequests: () => opened?.pendingRequests() ?? [],
  };
}
