const { ApplicationFailure, CompleteAsyncError, Context } = require('@temporalio/activity');

/** The workflows whose activity sends heartbeats. */
const beating = new Set();
exports.beating = beating;

/** The activities of the shapes. `client` is that of the process. */
exports.createActivities = (client) => {
  const signaled = new Set();
  return {
    fast: async () => 'fast',
    slow: () => Context.current().sleep(8000),
    // It does not listen to its cancellation, which may arrive before its end or after it.
    long: () => new Promise((resolve) => setTimeout(resolve, 2000)),
    async broken() {
      throw ApplicationFailure.nonRetryable('broken', 'Broken');
    },
    async flaky() {
      if (Context.current().info.attempt < 2) throw new Error('not yet');
    },
    /** Sends no heartbeat, so its first attempt is lost. */
    async silent() {
      if (Context.current().info.attempt < 2) await Context.current().sleep(2500);
    },
    async beating() {
      beating.add(Context.current().info.workflowExecution.workflowId);
      while (true) {
        Context.current().heartbeat('alive');
        await Context.current().sleep(50);
      }
    },
    async mute() {
      const { workflowExecution, activityId } = Context.current().info;
      const activity = { workflowId: workflowExecution.workflowId, activityId };
      setTimeout(() => client.activity.complete(activity, 'outside').catch(() => {}), 100);
      throw new CompleteAsyncError();
    },
    async signalOnce(workflowId) {
      if (signaled.has(workflowId)) return;
      signaled.add(workflowId);
      await client.workflow.getHandle(workflowId).signal('go');
    },
  };
};
