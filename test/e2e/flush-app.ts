/** The program of the flush test. It ends in the way that its argument names, with finished spans in the queue. */
import { emptyResource } from '@opentelemetry/resources';
import type { OtlpExporter } from '../../src/config/config.js';
import { flushSync } from '../../src/telemetry/otlp/flush.js';
import { OtlpSpanProcessor } from '../../src/telemetry/otlp/span-processor.js';
import { SCOPE } from '../../src/telemetry/scope.js';
import { finishedSpans } from '../support/spans.js';

export interface ExitingApp {
  exporter: OtlpExporter;
  spans: number;
  /** `flight`: an export is in flight when nothing else is left to do. */
  end: 'nothing' | 'flight' | 'exit' | 'exception' | 'signal' | 'awaited';
  timeoutMs: number;
}

const { exporter, spans, end, timeoutMs }: ExitingApp = JSON.parse(process.argv[2] ?? '');
const dropped = { add() {} };
const queue = new OtlpSpanProcessor({
  exporter,
  queue: { maxSize: 100, maxBatch: 10, delayMs: 1_000_000 },
  resource: emptyResource(),
  scope: SCOPE,
  dropped,
});
for (const span of finishedSpans(spans)) queue.onEnd(span);

function flush(): void {
  const requests = queue.pending().map((request) => ({ exporter, signal: 'traces' as const, ...request }));
  const startedAt = performance.now();
  flushSync(requests, timeoutMs);
  console.log(`flushed in ${performance.now() - startedAt} ms`);
}

if (end === 'signal') {
  process.on('SIGTERM', () => {
    flush();
    process.exit(143);
  });
  setInterval(() => {}, 1_000);
  process.kill(process.pid, 'SIGTERM');
} else {
  process.on('exit', flush);
  if (end === 'flight') setTimeout(() => {}, 300);
  if (end === 'awaited') queue.shutdown().then(() => console.log('shut down'));
  if (end === 'exit') process.exit(7);
  if (end === 'exception') throw new Error('boom');
}
