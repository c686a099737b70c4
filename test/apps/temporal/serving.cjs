/** A worker that serves the workflows of its task queue until it is stopped. */
const { Worker, NativeConnection, Runtime, DefaultLogger } = require('@temporalio/worker');
const { createActivities } = require('./activities.cjs');

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });

(async () => {
  const { TEMPORAL_ADDRESS: address, TASK_QUEUE: taskQueue, CACHED } = process.env;
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue,
    workflowsPath: require.resolve('./workflows.cjs'),
    activities: createActivities(''),
    ...(CACHED && { maxCachedWorkflows: Number(CACHED) }),
  });
  const running = worker.run();
  console.log('serving');
  await running;
})();
