/** What a client does with the workflow of each shape. A shape that is not listed is executed. */
const { setTimeout: delay } = require('node:timers/promises');
const { WithStartWorkflowOperation } = require('@temporalio/client');
const { beating } = require('./activities.cjs');

const settled = (promise) =>
  promise.then(
    () => {},
    () => {},
  );

async function until(isMet) {
  while (!(await isMet())) await delay(50);
}

const eventsOf = async (handle) => (await handle.fetchHistory()).events;

const has = (handle, attributes) =>
  until(async () => (await eventsOf(handle)).some((event) => event[attributes] != null));

/** The service has such an event, and has accepted what the workflow did because of it. */
const isTaken = (handle, attributes) =>
  until(async () => {
    const events = await eventsOf(handle);
    const at = events.findIndex((event) => event[attributes] != null);
    return at >= 0 && events.slice(at).some((event) => event.workflowTaskCompletedEventAttributes != null);
  });

const STARTED = 'workflowExecutionStartedEventAttributes';

async function cancelAfter(isReady, { start, id }) {
  const handle = await start();
  await isReady(handle, id);
  await handle.cancel();
  await settled(handle.result());
}

const isStarted = (handle) => isTaken(handle, STARTED);
const isBeating = (_handle, id) => until(() => beating.has(id));

async function isChildStarted(client, parent, id) {
  await isTaken(parent, 'childWorkflowExecutionStartedEventAttributes');
  const child = client.workflow.getHandle(`${id}/Endless`);
  await isStarted(child);
  return child;
}

const cancel = (shape) => cancelAfter(isStarted, shape);

const terminateAfter =
  (isReady) =>
  async ({ start, id }) => {
    const handle = await start();
    await isReady(handle, id);
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
  CanceledInActivity: (shape) => cancelAfter(isBeating, shape),
  CanceledInChild: (shape) => cancelAfter((handle, id) => isChildStarted(shape.client, handle, id), shape),
  CancellationCaught: cancel,
  CancellationOutlived: cancel,
  Unawaited: terminateAfter((handle) => has(handle, 'workflowTaskFailedEventAttributes')),
  UnawaitedChild: terminateAfter((handle) => has(handle, 'workflowTaskFailedEventAttributes')),
  Terminated: terminateAfter((handle) => isTaken(handle, 'activityTaskCompletedEventAttributes')),
  TerminatedIdle: terminateAfter(isStarted),
  TerminatedInActivity: terminateAfter(isBeating),
  TerminatedChild: async ({ start, client, id }) => {
    const handle = await start();
    const child = await isChildStarted(client, handle, id);
    await child.terminate();
    await settled(handle.result());
  },
  Replaced: async ({ start, client, id, type, taskQueue, found }) => {
    const first = await start();
    await isTaken(first, 'activityTaskCompletedEventAttributes');
    const options = { workflowId: id, taskQueue, workflowIdConflictPolicy: 'TERMINATE_EXISTING' };
    const second = await client.workflow.start(type, options);
    await second.signal('go');
    await second.result();
    for (const { firstExecutionRunId: runId } of [first, second]) found.push({ workflowId: id, runId });
  },
  ExecutionTimesOut: ({ execute }) => execute({ workflowExecutionTimeout: '5s' }),
  TimesOut: ({ execute }) => execute({ workflowRunTimeout: '3s' }),
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
    await has(handle, 'timerStartedEventAttributes');
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
