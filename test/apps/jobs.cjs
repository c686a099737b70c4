/** Works off jobs of BullMQ until it is stopped, a third of which fail, and reads from Redis beside them. */
const { Queue, Worker } = require('bullmq');
const Redis = require('ioredis');

const [host, port] = process.env.SERVER.split(':');
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const redis = new Redis(connection);
const queue = new Queue('jobs', { connection });
new Worker(
  'jobs',
  async ({ data }) => {
    if (data % 3 === 0) throw new RangeError('kaput');
    return redis.get('key');
  },
  { connection },
);
let n = 0;
setInterval(() => queue.add('job', n++), 100);
console.log('listening nowhere');
