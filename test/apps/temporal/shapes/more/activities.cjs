const { ApplicationFailure, CompleteAsyncError, Context } = require('@temporalio/activity');

/** The workflows whose activity sends heartbeats. */
const beating = new Set();
exports.beating = beating;

/** The activities of these shapes. `client` is that of the process. */
exports.createActivities = (client) => {
  const attemptOf = () => Context.current().info.attempt;
  const settleLater = (settle) => {
    const { taskToken } = Context.current().info;
    setTimeout(() => settle(taskToken).catch(() => {}), 100);
    throw new CompleteAsyncError();
  };
  return {
    fast: async () => 'fast',
    async beating() {
      beating.add(Context.current().info.workflowExecution.workflowId);
      while (true) {
        Context.current().heartbeat('alive');
        await Context.current().sleep(50);
      }
    },
    async broken() {
      throw ApplicationFailure.nonRetryable('broken', 'Broken');
    },
    async flaky() {
      if (attemptOf() < 3) throw new Error('not yet');
    },
    /** Chooses its own delay, much shorter than that of its policy. */
    async delayed() {
      if (attemptOf() < 2)
        throw ApplicationFailure.create({ message: 'soon', type: 'Soon', nextRetryDelay: '20ms' });
    },
    completedByToken: async () => settleLater((token) => client.activity.complete(token, 'outside')),
    failedByToken: async () =>
      settleLater((token) =>
        client.activity.fail(token, ApplicationFailure.nonRetryable('outside', 'Outside')),
      ),
    default: async () => 'anything',
  };
};
