/** A worker and a client in one process. `with` passes them to a scenario and cleans up after it. */
const http = require('node:http');
const { once } = require('node:events');
const { createActivities } = require('./activities.cjs');
const { plugins } = require('./official.cjs');

exports.run = async (
  { Client, Connection },
  { Worker, NativeConnection, Runtime, DefaultLogger },
  scenario,
) => {
  const logging = { filter: 'ERROR' };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
  const address = process.env.TEMPORAL_ADDRESS;
  const server = http.createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = await NativeConnection.connect({ address });
  const taskQueue = process.env.TASK_QUEUE ?? 'orders';
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowsPath: require.resolve('./workflows.cjs'),
    activities: createActivities(`http://127.0.0.1:${server.address().port}/`),
    plugins: plugins(),
    ...(process.env.CACHED_WORKFLOWS && { maxCachedWorkflows: Number(process.env.CACHED_WORKFLOWS) }),
  });
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection, plugins: plugins() });
  await worker.runUntil(scenario(client, taskQueue));
  await clientConnection.close();
  await connection.close();
  server.close();
};

const says = (value) => console.log(JSON.stringify(value));

/** One order through its whole life, and the other operations of a client. */
exports.order = async (client, taskQueue) => {
  const id = (name) => `${name}-${process.pid}`;
  const start = { taskQueue, workflowId: id('order'), args: [{ rounds: 1 }] };
  const order = await client.workflow.start('OrderWorkflow', start);
  says(await order.query('paid'));
  says(await order.executeUpdate('discount', { args: [10] }));
  await order.signal('pay');
  says(await order.result());

  const fails = { taskQueue, workflowId: id('fails'), args: [0] };
  await client.workflow
    .execute('SmallWorkflow', fails)
    .catch((error) => says([error.name, error.cause.type]));
  const waits = await client.workflow.signalWithStart('WaitingWorkflow', {
    taskQueue,
    workflowId: id('waits'),
    signal: 'pay',
  });
  await waits.cancel();
  await waits.result().catch((error) => says([error.name, error.cause.name]));
  const more = await client.workflow.start('WaitingWorkflow', { taskQueue, workflowId: id('more') });
  says((await more.describe()).status.name);
  await more.terminate('enough');
  await client.workflow
    .start('WaitingWorkflow', {
      ...start,
      workflowId: id('order'),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    })
    .catch((error) => says(error.name));
};

/** Many small workflows, a tenth of which fail. */
exports.many = (count) => async (client, taskQueue) => {
  const one = (n) =>
    client.workflow
      .execute('SmallWorkflow', { taskQueue, workflowId: `small-${process.pid}-${n}`, args: [n] })
      .then(
        () => 'completed',
        () => 'failed',
      );
  const outcomes = [];
  for (let n = 0; n < count; n += 25)
    outcomes.push(...(await Promise.all(Array.from({ length: 25 }, (_, i) => one(n + i)))));
  says({ failed: outcomes.filter((outcome) => outcome === 'failed').length, all: outcomes.length });
};
