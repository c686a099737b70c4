/** The behaviour of Temporal that the suites rely on is the same on the fake service and on the real one. */
import { createRequire } from 'node:module';
import type * as Clients from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type * as Workers from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SERVICES, type TemporalService } from '../support/temporal.js';

const require = createRequire(import.meta.url);
const { Client, Connection, WithStartWorkflowOperation }: typeof Clients = require('@temporalio/client');
const { Worker, NativeConnection, Runtime, DefaultLogger }: typeof Workers = require('@temporalio/worker');
const { CompleteAsyncError, Context } = require('@temporalio/activity');
const { EventType } = temporal.api.enums.v1;

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
});

describe.each(SERVICES)('$name', ({ start: startService }) => {
  let service: TemporalService;
  let connections: { close(): Promise<void> }[];
  let client: Clients.Client;
  let worker: Workers.Worker;
  let running: Promise<void>;
  let signals = 0;

  beforeAll(async () => {
    service = await startService();
    const { address } = service;
    const connection = await Connection.connect({ address });
    const workerConnection = await NativeConnection.connect({ address });
    connections = [connection, workerConnection];
    client = new Client({ connection });
    worker = await Worker.create({
      connection: workerConnection,
      taskQueue: 'contract',
      maxHeartbeatThrottleInterval: '100ms',
      workflowsPath: require.resolve('../apps/temporal/contract.cjs'),
      activities: {
        async beat() {
          while (true) {
            Context.current().heartbeat('alive');
            await Context.current().sleep(50);
          }
        },
        async leave() {
          throw new CompleteAsyncError();
        },
        async signalOnce() {
          signals += 1;
          if (signals === 1) await client.workflow.getHandle('Signaled').signal('ping');
        },
      },
    });
    running = worker.run();
  }, 60_000);
  afterAll(async () => {
    worker?.shutdown();
    await running;
    for (const connection of connections ?? []) await connection.close();
    await service?.stop();
  });

  function start(type: string, args: unknown[] = []): Promise<Clients.WorkflowHandle> {
    return client.workflow.start(type, { taskQueue: 'contract', workflowId: type, args });
  }

  /** The names of the events in the history. */
  async function eventsOf(handle: Clients.WorkflowHandle): Promise<string[]> {
    const { events } = await handle.fetchHistory();
    return (events ?? []).map(({ eventType }) => EventType[eventType ?? 0]?.replace('EVENT_TYPE_', '') ?? '');
  }

  test('an activity is completed by its id from outside its worker', async () => {
    const handle = await start('Leaving');
    const left = { workflowId: 'Leaving', activityId: '1' };
    await expect
      .poll(() => client.activity.heartbeat(left).then(() => 'left', String), PATIENCE)
      .toBe('left');
    await client.activity.complete(left, 'elsewhere');

    expect(await handle.result()).toBe('elsewhere');
    expect(await eventsOf(handle)).toEqual([
      'WORKFLOW_EXECUTION_STARTED',
      ...TASK,
      'ACTIVITY_TASK_SCHEDULED',
      'ACTIVITY_TASK_STARTED',
      'ACTIVITY_TASK_COMPLETED',
      ...TASK,
      'WORKFLOW_EXECUTION_COMPLETED',
    ]);
  });

  test('a heartbeat informs an activity that its workflow was cancelled', async () => {
    const handle = await start('Beating');
    await expect.poll(() => eventsOf(handle), PATIENCE).toContain('ACTIVITY_TASK_SCHEDULED');
    await handle.cancel();

    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(await eventsOf(handle)).toContain('ACTIVITY_TASK_CANCEL_REQUESTED');
  });

  test('a workflow does not end before it has handled a signal that arrived during its last task', async () => {
    const handle = await start('Signaled');

    expect(await handle.result()).toBe(1);
    expect(await eventsOf(handle)).toContain('WORKFLOW_TASK_FAILED');
  });

  test('an update is rejected or completed, and a cancelled timer does not fire', async () => {
    const handle = await start('Waiting');
    await expect(handle.executeUpdate('add', { args: [-1] })).rejects.toMatchObject({
      cause: { message: 'too little' },
    });
    expect(await handle.executeUpdate('add', { args: [2] })).toBe(2);

    expect(await handle.result()).toBe(2);
    const events = await eventsOf(handle);
    expect(events.filter((event) => event.includes('UPDATE') || event.startsWith('TIMER'))).toEqual([
      'TIMER_STARTED',
      'WORKFLOW_EXECUTION_UPDATE_ACCEPTED',
      'WORKFLOW_EXECUTION_UPDATE_COMPLETED',
      'TIMER_CANCELED',
    ]);
  });

  test('an update-with-start starts the workflow, and the next one finds it', async () => {
    const add = (n: number) =>
      client.workflow.executeUpdateWithStart('add', {
        args: [n],
        startWorkflowOperation: new WithStartWorkflowOperation('Waiting', {
          taskQueue: 'contract',
          workflowId: 'with-start',
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      } as never);
    await expect(add(-1)).rejects.toMatchObject({ cause: { message: 'too little' } });

    expect(await add(3)).toBe(3);
  });

  test('a child cannot reuse the id of a running workflow and ends with its parent', async () => {
    const handle = await start('Parent', ['child']);
    await expect.poll(() => handle.query('refusal'), PATIENCE).toBe('WorkflowExecutionAlreadyStartedError');
    await handle.terminate();

    const child = client.workflow.getHandle('child');
    await expect(child.result()).rejects.toMatchObject({ cause: { name: 'TerminatedFailure' } });
  });
});

const PATIENCE = { timeout: 10_000 };

const TASK = ['WORKFLOW_TASK_SCHEDULED', 'WORKFLOW_TASK_STARTED', 'WORKFLOW_TASK_COMPLETED'];
