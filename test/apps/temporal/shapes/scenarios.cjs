/** What a client does with the workflow of each shape. A shape that is not listed is executed. */
const { setTimeout: delay } = require('node:timers/promises');
const { WithStartWorkflowOperation } = require('@temporalio/client');

const settled = (promise) =>
  promise.then(
    () => {},
    () => {},
  );

async function until(handle, attributes) {
  const has = ({ events }) => events.some((event) => event[attributes] != null);
  while (!has(await handle.fetchHistory())) await delay(50);
}

async function cancel({ start }) {
  const handle = await start();
  await until(handle, 'workflowTaskCompletedEventAttributes');
  await delay(200);
  await handle.cancel();
  await settled(handle.result());
}

const terminateAfter =
  (attributes) =>
  async ({ start }) => {
    const handle = await start();
    await until(handle, attributes);
    await delay(200);
    await handle.terminate('enough');
  };

const signal =
  (...names) =>
  async ({ start }) => {
    const handle = await start();
    for (const name of names) await handle.signal(name);
    await settled(handle.result());
  };

const update =
  (...values) =>
  async ({ start }) => {
    const handle = await start();
    for (const n of values) await settled(handle.executeUpdate('add', { args: [n] }));
    await settled(handle.result());
  };

exports.scenarios = {
  ChildAbandoned: async ({ execute, id, client }) => {
    await execute();
    await client.workflow.getHandle(`${id}/Dawdling`).result();
  },
  ChildTaken: async ({ execute, id, client }) => {
    await execute();
    await client.workflow.getHandle(`${id}/Patient`).result();
  },
  ChildTerminated: async ({ execute, id, client }) => {
    await execute();
    await settled(client.workflow.getHandle(`${id}/Endless`).result());
  },
  ChildRequestCancel: async ({ execute, id, client }) => {
    await execute();
    await settled(client.workflow.getHandle(`${id}/Endless`).result());
  },
  CanceledInSleep: cancel,
  CanceledInActivity: cancel,
  CanceledInChild: cancel,
  CancellationCaught: cancel,
  CancellationOutlived: cancel,
  Unawaited: terminateAfter('workflowTaskFailedEventAttributes'),
  UnawaitedChild: terminateAfter('workflowTaskFailedEventAttributes'),
  Terminated: terminateAfter('activityTaskCompletedEventAttributes'),
  TerminatedIdle: terminateAfter('workflowTaskCompletedEventAttributes'),
  TimesOut: ({ execute }) => execute({ workflowRunTimeout: '1s' }),
  Retried: ({ execute }) => execute({ retry: { initialInterval: '20ms', maximumAttempts: 3 } }),
  Signaled: signal('go'),
  SignaledBeforeStart: async ({ client, id, type, taskQueue }) => {
    const handle = await client.workflow.signalWithStart(type, { workflowId: id, taskQueue, signal: 'go' });
    await handle.result();
  },
  HandlerLeftOpen: signal('go'),
  HandlerFails: signal('go'),
  HandlerCanceled: async ({ start }) => {
    const handle = await start();
    await handle.signal('go');
    await until(handle, 'timerStartedEventAttributes');
    await handle.cancel();
    await settled(handle.result());
  },
  UnknownSignals: signal('a', 'b', 'c'),
  Updated: update(1),
  UpdateRefused: update(-1, 1),
  UpdateFails: update(13, 1),
  UpdateUnknown: async ({ start }) => {
    const handle = await start();
    await settled(handle.executeUpdate('absent', { args: [1] }));
    await handle.executeUpdate('add', { args: [1] });
    await handle.result();
  },
  UpdateLeftOpen: update(1),
  UpdatedWithStart: async ({ client, id, type, taskQueue }) => {
    await client.workflow.executeUpdateWithStart('add', {
      args: [1],
      startWorkflowOperation: new WithStartWorkflowOperation(type, {
        taskQueue,
        workflowId: id,
        workflowIdConflictPolicy: 'FAIL',
      }),
    });
    await client.workflow.getHandle(id).result();
  },
  Queried: async ({ start }) => {
    const handle = await start();
    for (let n = 0; n < 5; n += 1) await handle.query('told');
    await settled(handle.query('absent'));
    await handle.signal('go');
    await handle.result();
    await handle.query('told');
  },
  Scheduled: async ({ client, id, type, taskQueue, found }) => {
    const schedule = await client.schedule.create({
      scheduleId: id,
      spec: {},
      action: { type: 'startWorkflow', workflowType: type, workflowId: id, taskQueue },
    });
    await schedule.trigger();
    let actions = [];
    while (actions.length === 0) {
      await delay(100);
      actions = (await schedule.describe()).info.recentActions;
    }
    const { workflowId } = actions[0].action.workflow;
    await settled(client.workflow.getHandle(workflowId).result());
    found.push({ workflowId });
    await schedule.delete();
  },
  Reset: async ({ start, client, id, found }) => {
    const handle = await start();
    await handle.result();
    const { events } = await handle.fetchHistory();
    const completions = events.filter((event) => event.workflowTaskCompletedEventAttributes != null);
    const { runId } = await client.connection.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: id, runId: handle.firstExecutionRunId },
      workflowTaskFinishEventId: completions[1].eventId,
      requestId: id,
      reason: 'again',
    });
    await client.workflow.getHandle(id, runId).result();
    found.push({ workflowId: id, runId: handle.firstExecutionRunId }, { workflowId: id, runId });
  },
  DefaultWorkflow: ({ execute }) => execute({}, 'chosen by a caller'),
};
