const { randomUUID } = require('node:crypto');
const run = require('./run.cjs');

module.exports = ({ Queue, Worker, FlowProducer }) =>
  run(async ({ host, port, see }) => {
    const connection = { host, port };
    const name = `orders ${randomUUID()}`;
    const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
    const flows = new FlowProducer({ connection });
    const view = (job) => ({
      name: job.name,
      data: job.data,
      opts: { ...job.opts, jobId: 0, timestamp: 0, parent: 0 },
    });
    const worker = new Worker(
      name,
      async (job) => {
        see(['processes', view(job), job.attemptsMade]);
        if (job.name === 'fail') throw new RangeError('kaput');
        return { done: job.name };
      },
      { connection },
    );
    worker.on('completed', (job, result) => see(['completed', view(job), result]));
    worker.on('failed', (job, error) => see(['failed', view(job), String(error), job.attemptsMade]));
    return {
      routes: {
        add: async () => view(await queue.add('add', { n: 1 }, { priority: 2 })),
        fail: async () => view(await queue.add('fail', [1], { attempts: 2, backoff: 1 })),
        bulk: async () =>
          (await queue.addBulk(['a', 'b'].map((each) => ({ name: each, data: each })))).map(view),
        flow: async () => {
          const children = [{ name: 'child', queueName: name, data: 1 }];
          return view((await flows.add({ name: 'parent', queueName: name, data: 2, children })).job);
        },
        refused: () => queue.add('refused', {}, { jobId: '0' }),
      },
      // Each job is processed and has an event; one is tried twice.
      arriving: 2 * (1 + 2 + 2 + 2),
      async close() {
        for (const each of [worker, flows, queue]) await each.close();
      },
    };
  });
