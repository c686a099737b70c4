import { AsyncLocalStorage } from 'node:async_hooks';
import { emptyResource } from '@opentelemetry/resources';
import { beforeEach, expect, test, vi } from 'vitest';
import { openSpanOutput } from '../../../src/telemetry/otlp/span-output.js';
import { openOutput } from '../../../src/telemetry/traces/output.js';
import { otlp } from '../../support/exporter.js';
import { decodeSpans } from '../../support/otlp.js';
import { finishedSpans } from '../../support/spans.js';

vi.mock('../../../src/telemetry/otlp/span-output.js', { spy: true });
beforeEach(() => void vi.mocked(openSpanOutput).mockClear());

const queue = { maxSize: 10, maxBatch: 10, delayMs: 600_000 };
const dropped: Record<string, number> = {};
const counter = {
  add(value: number, attributes?: object) {
    const reason = String((attributes as { reason?: string } | undefined)?.reason);
    dropped[reason] = (dropped[reason] ?? 0) + value;
  },
};
const open = () => openOutput({ ...otlp('http://127.0.0.1:9'), queue }, emptyResource(), counter);

test('an OTLP output opens when the first span ends, outside the request of that span', () => {
  const request = new AsyncLocalStorage<string>();
  let seen: string | undefined = 'not opened';
  const { processor, pendingRequests } = open();
  expect(pendingRequests()).toEqual([]);
  expect(openSpanOutput).not.toHaveBeenCalled();

  vi.mocked(openSpanOutput).mockImplementationOnce((options) => {
    seen = request.getStore();
    return openSpanOutput(options);
  });
  const [first, second] = finishedSpans(2);
  request.run('the first', () => processor.onEnd(first as never));
  processor.onEnd(second as never);

  expect(seen).toBeUndefined();
  const names = pendingRequests().flatMap(({ body }) =>
    decodeSpans(Buffer.from(body)).map(({ name }) => name),
  );
  expect(names).toEqual([first?.name, second?.name]);
});

test('an output that was shut down before its first span accepts none', async () => {
  const { processor, pendingRequests } = open();
  await processor.shutdown();
  for (const span of finishedSpans(1)) processor.onEnd(span);

  expect(pendingRequests()).toEqual([]);
  expect(dropped).toEqual({ exit: 1 });
});
