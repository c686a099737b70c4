import { expect, test } from 'vitest';
import type { Instrumentation } from '../../../../src/instrumentation.js';
import { observeNexus } from '../../../../src/instrumentations/temporal/worker/nexus.js';
import { TEMPORAL_NEXUS } from '../../../../src/semconv/temporal.js';
import { record } from '../../../support/recorder.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

class NexusHandler {
  readonly namespace = 'default';
  readonly taskQueue = 'greetings';
  readonly context = {
    service: 'greetings',
    operation: 'hello',
    headers: { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` },
  };

  async invokeUserCode(_method: string, fn: () => Promise<unknown>): Promise<unknown> {
    return fn();
  }
}

const instrumentation: Instrumentation = {
  name: 'temporal-worker',
  observes: '',
  conventions: [TEMPORAL_NEXUS],
  targets: [],
};
const recorder = record(instrumentation);
observeNexus(NexusHandler.prototype, recorder.calls, (fn) => fn);

test('the handler of a Nexus operation is a call of the trace that it arrived with', async () => {
  const handler = new NexusHandler();
  const isInside = await handler.invokeUserCode(
    'startOperation',
    async () => recorder.calls.current !== undefined,
  );
  const error = Object.assign(new Error('no'), { name: 'OperationError', state: 'failed' });
  await expect(handler.invokeUserCode('cancelOperation', () => Promise.reject(error))).rejects.toBe(error);

  expect(isInside).toBe(true);
  expect(await recorder.take(2)).toMatchObject([
    {
      kind: 'server',
      route: 'RunStartNexusOperation:greetings/hello',
      code: 'completed',
      traceId: TRACE_ID,
      attributes: { 'temporal.namespace': 'default', 'temporal.task_queue': 'greetings' },
    },
    { route: 'RunCancelNexusOperation:greetings/hello', code: 'failed', error: 'OperationError' },
  ]);
});
