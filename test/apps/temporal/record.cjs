/** Runs an order and writes its history to the given file, in the binary format of the service. */
const { writeFileSync } = require('node:fs');
const { temporal } = require('@temporalio/proto');
const service = require('./service.cjs');

const { History } = temporal.api.history.v1;

service.run(require('@temporalio/client'), require('@temporalio/worker'), async (client, taskQueue) => {
  const order = await client.workflow.start('OrderWorkflow', {
    taskQueue,
    workflowId: `recorded-${process.pid}`,
  });
  await order.signal('pay');
  await order.executeUpdate('discount', { args: [10] });
  await order.result();
  writeFileSync(process.argv[2], History.encode(await order.fetchHistory()).finish());
});
