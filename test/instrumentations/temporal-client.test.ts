import { createRequire } from 'node:module';
import type * as Temporal from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { grpcClient } from '../../src/instrumentations/grpc-client.js';
import { temporalClient } from '../../src/instrumentations/temporal-client.js';
import { type Ended, record } from '../support/recorder.js';
import { BEST_SERVICE, SERVICES, type TemporalService } from '../support/temporal.js';

async function all(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const recorder = record(temporalClient, grpcClient);
const temporal: typeof Temporal = createRequire(import.meta.url)('@temporalio/client');

describe.each(SERVICES)('on $name', ({ name, start: startService }) => {
  let service: TemporalService;
  let connection: Temporal.Connection;
  let client: Temporal.Client;
  let ids = 0;

  beforeAll(async () => {
    service = await startService();
    connection = await temporal.Connection.connect({ address: service.address });
    client = new temporal.Client({ connection });
    // Connecting has requested the capabilities of the service.
    recorder.forget();
  }, 60_000);
  afterAll(async () => {
    await connection?.close();
    await service?.stop();
  });
  afterEach(() => {
    recorder.ended.length = 0;
  });

  function start(workflowType = 'Order'): Promise<Temporal.WorkflowHandle> {
    ids += 1;
    return client.workflow.start(workflowType, { taskQueue: 'nobody', workflowId: `w-${ids}` });
  }

  /** The operations that have ended, without their requests. */
  function operations(): Ended[] {
    return recorder.ended.splice(0).filter(({ attributes }) => 'temporal.route' in attributes);
  }

  function routes(): unknown[] {
    return operations().map(({ attributes }) => attributes['temporal.route']);
  }

  test('a start is one call with one request, and grpc-client does not count the request again', async () => {
    await start();

    expect(await recorder.take(2)).toMatchObject([
      {
        attributes: {
          'rpc.method': 'temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution',
          'rpc.status_code': 'OK',
          'temporal.transport': 'grpc-js',
        },
      },
      {
        kind: 'producer',
        attributes: {
          'temporal.route': 'StartWorkflow:Order',
          'temporal.namespace': 'default',
          'temporal.task_queue': 'nobody',
          'temporal.workflow_type': 'Order',
          'temporal.workflow_id': `w-${ids}`,
          'temporal.status': 'completed',
        },
      },
    ]);
  });

  test('the header of the workflow carries the trace context of its start', async () => {
    const handle = await start();
    const [operation] = operations();
    const { events } = await handle.fetchHistory();
    const fields = events?.[0]?.workflowExecutionStartedEventAttributes?.header?.fields;
    const carried = JSON.parse(String(fields?.['_tracer-data']?.data));
    expect(carried.traceparent).toBe(`00-${operation?.traceId}-${operation?.spanId}-01`);
  });

  test('operations on workflows are named as by Temporal’s own tracing', async () => {
    const handle = await start();
    await handle.signal('pay');
    await handle.describe();
    await handle.cancel();
    await client.workflow.signalWithStart('Order', {
      taskQueue: 'nobody',
      workflowId: handle.workflowId,
      signal: 'pay',
    });
    await client.workflow.count();
    await all(client.workflow.list({ query: `WorkflowId = '${handle.workflowId}'` }));
    await handle.terminate();
    await handle.result().catch(() => {});

    expect(routes()).toEqual([
      'StartWorkflow:Order',
      'SignalWorkflow:pay',
      'DescribeWorkflow',
      'CancelWorkflow',
      'SignalWithStartWorkflow:Order',
      'CountWorkflows',
      'ListWorkflows',
      'TerminateWorkflow',
      'GetWorkflowResult',
    ]);
  });

  test('operations on schedules are observed', async () => {
    const handle = await client.schedule.create({
      scheduleId: 's',
      spec: { intervals: [{ every: '1h' }] },
      action: { type: 'startWorkflow', workflowType: 'Order', taskQueue: 'nobody' },
    });
    await handle.describe();
    await handle.pause();
    await handle.unpause();
    await handle.trigger();
    await handle.update(({ spec, action, policies, state }) => ({ spec, action, policies, state }) as never);
    await all(client.schedule.list());
    await handle.delete();

    expect(routes()).toEqual([
      'CreateSchedule',
      'DescribeSchedule',
      'PauseSchedule',
      'UnpauseSchedule',
      'TriggerSchedule',
      'DescribeSchedule',
      'UpdateSchedule',
      'ListSchedules',
      'DeleteSchedule',
    ]);
  });

  test('operations on asynchronous and standalone activities are observed', async () => {
    const absent = { workflowId: 'absent', activityId: '1' };
    await client.activity.complete(absent, 'done').catch(() => {});
    await client.activity.fail(absent, new Error('failed')).catch(() => {});
    await client.activity.heartbeat(absent, 'alive').catch(() => {});
    await client.activity.reportCancellation(absent).catch(() => {});
    const alone = await client.activity.start('work', {
      id: 'alone',
      taskQueue: 'nobody',
      startToCloseTimeout: '10s',
    });
    await alone.describe();
    await alone.terminate('enough');
    await client.activity.count("ActivityType = 'work'");

    expect(routes()).toEqual([
      'CompleteActivity',
      'FailActivity',
      'HeartbeatActivity',
      'CancelActivity',
      'StartActivity:work',
      'DescribeActivity',
      'TerminateActivity',
      'CountActivities',
    ]);
  });

  test('an update that starts its workflow is observed', async () => {
    const operation = new temporal.WithStartWorkflowOperation('Order', {
      taskQueue: 'nobody',
      workflowId: 'with-start',
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    const update = client.workflow.startUpdateWithStart('discount', {
      startWorkflowOperation: operation,
      waitForStage: temporal.WorkflowUpdateStage.ACCEPTED,
    } as never);
    const late = connection.withDeadline(Date.now() + 200, () => update).catch(() => {});
    await expect
      .poll(() =>
        client.workflow
          .getHandle('with-start')
          .describe()
          .then(
            () => true,
            () => false,
          ),
      )
      .toBe(true);
    await client.workflow.getHandle('with-start').terminate();
    await late;

    expect(routes()).toContain('UpdateWithStartWorkflow:discount');
  });

  test('the start of a Nexus operation is observed, with its service', async () => {
    const service = { name: 'greetings', operations: { hello: { name: 'hello' } } };
    const greetings = client.nexus.createServiceClient({ endpoint: 'absent', service } as never);
    await expect(greetings.startOperation('hello' as never, 'you' as never, { id: 'n' })).rejects.toThrow();

    expect(operations()).toMatchObject([{ route: 'StartNexusOperation:greetings/hello', code: 'failed' }]);
  });

  test('errors reach the application unchanged and are recorded with their type', async () => {
    const handle = await start();
    const again = client.workflow.start('Order', { taskQueue: 'nobody', workflowId: handle.workflowId });
    await expect(again).rejects.toBeInstanceOf(temporal.WorkflowExecutionAlreadyStartedError);
    await expect(client.workflow.getHandle('absent').signal('pay')).rejects.toBeInstanceOf(
      temporal.WorkflowNotFoundError,
    );
    await expect(client.workflow.count('no query')).rejects.toBeInstanceOf(temporal.ServiceError);

    expect(operations().map(({ attributes, error }) => [attributes['temporal.status'], error])).toEqual([
      ['completed', undefined],
      ['failed', 'WorkflowExecutionAlreadyStartedError'],
      ['failed', 'WorkflowNotFoundError'],
      ['failed', 'INVALID_ARGUMENT'],
    ]);
  });

  test('operations are only counted if Temporal’s own tracing makes the spans', async () => {
    class OpenTelemetryWorkflowClientInterceptor {}
    const interceptors = { workflow: [new OpenTelemetryWorkflowClientInterceptor()] };
    const official = new temporal.Client({ connection, interceptors });
    const handle = await official.workflow.start('Order', { taskQueue: 'nobody', workflowId: 'official' });

    const [operation] = operations();
    expect(operation).toMatchObject({
      traceId: undefined,
      attributes: { 'temporal.route': 'StartWorkflow:Order' },
    });
    const { events } = await handle.fetchHistory();
    expect(events?.[0]?.workflowExecutionStartedEventAttributes?.header?.fields).not.toHaveProperty(
      '_tracer-data',
    );
  });

  // Each namespace is polled through the first client that used it, and that client belongs to the first service.
  const isPolled = name === BEST_SERVICE.name;
  test.runIf(isPolled)(
    'executions are counted by status and by known type, and polling for them makes no call',
    async () => {
      await start('Counted');
      await start("It's odd");
      recorder.ended.length = 0;
      const running = (): unknown =>
        recorder
          .gauge('temporal.workflow.active')
          .filter(({ attributes }) =>
            ['Counted', "It's odd"].includes(String(attributes['temporal.workflow_type'])),
          )
          .map(({ value, attributes }) => [value, attributes['temporal.task_queue']]);
      // The service indexes executions with a short delay.
      await expect
        .poll(async () => {
          await recorder.pollServices();
          return running();
        })
        .toEqual([
          [1, 'nobody'],
          [1, 'nobody'],
        ]);

      const statuses = recorder.gauge('temporal.workflow.executions');
      expect(statuses.map(({ attributes }) => attributes['temporal.status'])).toContain('Running');
      expect(recorder.ended).toEqual([]);
    },
  );

  test('connections are counted while they are open', async () => {
    const open = (): unknown => recorder.gauge('temporal.client.connections').map(({ value }) => value);
    expect(open()).toEqual([1]);
    const more = temporal.Connection.lazy({ address: service.address });
    expect(open()).toEqual([2]);
    await more.close();
    expect(open()).toEqual([1]);
  });

  test('the application’s own interceptors run inside the operation and see its header', async () => {
    const seen: unknown[] = [];
    const interceptor: Temporal.WorkflowClientInterceptor = {
      startWithDetails(input, next) {
        seen.push(Object.keys(input.headers), recorder.calls.current !== undefined);
        return next(input);
      },
    };
    const intercepted = new temporal.Client({ connection, interceptors: { workflow: [interceptor] } });
    await intercepted.workflow.start('Order', { taskQueue: 'nobody', workflowId: 'intercepted' });

    expect(seen).toEqual([['_tracer-data'], true]);
    expect(intercepted.options.interceptors?.workflow).toEqual([interceptor]);
  });
});
