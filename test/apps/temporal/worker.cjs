/** A worker that is stopped by a signal during an activity. */
const { Client, Connection } = require('@temporalio/client');
const { Worker, NativeConnection, Runtime, DefaultLogger } = require('@temporalio/worker');
const { createActivities } = require('./activities.cjs');

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });

(async () => {
  const { TEMPORAL_ADDRESS: address, TASK_QUEUE: taskQueue } = process.env;
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = require.resolve('./workflows.cjs');
  const activities = createActivities('');
  const worker = await Worker.create({ connection, taskQueue, workflowsPath, activities });
  const client = new Client({ connection: await Connection.connect({ address }) });
  await client.workflow.start('LingeringWorkflow', { taskQueue, workflowId: `lingers-${process.pid}` });
  await worker.run();
  console.log('drained');
})();
