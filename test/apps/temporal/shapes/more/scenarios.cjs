/** What a client does with the workflow of each shape. A shape that is not listed is executed. */
const { setTimeout: delay } = require('node:timers/promises');
const { Client, WithStartWorkflowOperation } = require('@temporalio/client');
const { beating } = require('./activities.cjs');

const settled = (promise) =>
  promise.then(
    () => {},
    () => {},
  );

async function until(handle, attributes) {
  const has = ({ events }) => events.some((event) => event[attributes] != null);
  while (!has(await handle.fetchHistory())) await delay(50);
}

const signal = async ({ start }) => {
  const handle = await start();
  await handle.signal('go');
  await settled(handle.result());
};

/** Starts an update that is accepted or refused, then one that ends the workflow. */
const startUpdate =
  (n) =>
  async ({ start }) => {
    const handle = await start();
    const update = await handle.startUpdate('add', { args: [n], waitForStage: 'ACCEPTED' });
    await settled(update.result());
    if (n !== 1) await handle.executeUpdate('add', { args: [1] });
    await handle.result();
  };

const withStart = ({ id, type, taskQueue }, n) => ({
  args: [n],
  waitForStage: 'ACCEPTED',
  startWorkflowOperation: new WithStartWorkflowOperation(type, {
    taskQueue,
    workflowId: id,
    workflowIdConflictPolicy: 'USE_EXISTING',
  }),
});

exports.scenarios = {
  RaceOfConditions: async ({ start, id }) => {
    const handle = await start();
    while (!beating.has(id)) await delay(50);
    await handle.signal('go');
    await handle.result();
  },
  SagaCanceled: async ({ start }) => {
    const handle = await start();
    await until(handle, 'timerStartedEventAttributes');
    await handle.cancel();
    await settled(handle.result());
  },
  HandlerSleeps: signal,
  ContinuesWithOpenHandler: signal,
  ReplacedHandler: signal,
  HandlerBug: signal,
  Dynamic: async ({ start }) => {
    const handle = await start();
    await handle.query('chosen by a caller');
    await handle.executeUpdate('chosen by a caller', { args: [] });
    await handle.signal('chosen by a caller');
    await handle.signal('stop');
    await handle.result();
  },
  Overlaps: async ({ client, id, type, taskQueue, found }) => {
    const schedule = await client.schedule.create({
      scheduleId: id,
      spec: {},
      policies: { overlap: 'ALLOW_ALL' },
      action: { type: 'startWorkflow', workflowType: type, workflowId: id, taskQueue },
    });
    const infoWith = async (isMet) => {
      for (;;) {
        const { info } = await schedule.describe();
        if (isMet(info)) return info;
        await delay(100);
      }
    };
    await schedule.trigger('SKIP');
    await infoWith(({ runningActions }) => runningActions.length === 1);
    await schedule.trigger('SKIP');
    await infoWith(({ numActionsSkippedOverlap }) => numActionsSkippedOverlap === 1);
    // The id of a workflow has the second in which it was started.
    await delay(1100);
    await schedule.trigger('ALLOW_ALL');
    const { recentActions } = await infoWith((info) => info.recentActions.length === 2);
    for (const { action } of recentActions) {
      const { workflowId, firstExecutionRunId: runId } = action.workflow;
      const handle = client.workflow.getHandle(workflowId, runId);
      await handle.signal('go');
      await handle.result();
      found.push({ workflowId, runId });
    }
    await schedule.delete();
  },
  StartedEagerly: async ({ native, id, type, taskQueue }) => {
    const options = { workflowId: id, taskQueue, requestEagerStart: true };
    await new Client({ connection: native }).workflow.execute(type, options);
  },
  UpdateStarted: startUpdate(1),
  UpdateStartedFails: startUpdate(13),
  UpdateStartedRefused: startUpdate(-1),
  UpdateWithStart: async (shape) => {
    const update = await shape.client.workflow.startUpdateWithStart('add', withStart(shape, 1));
    await update.result();
    await shape.client.workflow.getHandle(shape.id).result();
  },
  UpdateWithStartRefused: async (shape) => {
    const { waitForStage: _, ...options } = withStart(shape, -1);
    await settled(shape.client.workflow.executeUpdateWithStart('add', options));
    const handle = shape.client.workflow.getHandle(shape.id);
    await handle.executeUpdate('add', { args: [1] });
    await handle.result();
  },
  UpdateByHandle: async ({ start }) => {
    const handle = await start();
    const { updateId } = await handle.startUpdate('add', { args: [1], waitForStage: 'ACCEPTED' });
    await handle.getUpdateHandle(updateId).result();
    await handle.result();
  },
};
