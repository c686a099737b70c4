/** The measured application: starts workflows, or has a worker run them, and prints the CPU time of each, in us. */
const { Client, Connection } = require('@temporalio/client');
const { Worker, NativeConnection, Runtime, DefaultLogger } = require('@temporalio/worker');

const [what, count] = [process.argv[2], Number(process.argv[3])];
const { TEMPORAL_ADDRESS: address, TASK_QUEUE: taskQueue } = process.env;
const BATCH = 10;

const run = (one) => async () => {
  for (let n = 0; n < count; n += BATCH)
    await Promise.all(Array.from({ length: BATCH }, (_, i) => one(`${taskQueue}-${n + i}`)));
};

const measure = async (work) => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / count);
};

(async () => {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const start = (workflowId) => client.workflow.start('nobodyRunsIt', { taskQueue, workflowId });
  const execute = (workflowId) => client.workflow.execute('oneActivity', { taskQueue, workflowId });
  if (what === 'start') {
    await run(start)();
    await measure(run((id) => start(`${id}-measured`)));
  } else {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const native = await NativeConnection.connect({ address });
    const worker = await Worker.create({
      connection: native,
      taskQueue,
      workflowsPath: require.resolve('./temporal-workflow.cjs'),
      activities: { work: async () => 'done' },
    });
    await worker.runUntil(async () => {
      await run(execute)();
      await measure(run((id) => execute(`${id}-measured`)));
    });
    await native.close();
  }
  await connection.close();
})();
