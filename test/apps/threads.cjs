'use strict';
/**
 * Fastify in worker threads. `THREADS` has the options of each as JSON, `MODULE` the kind of their modules. Lines of stdin:
 * `terminate <n>` kills a thread, `hang <n>` blocks one, `exit` ends the process.
 */
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { SHARE_ENV, Worker } = require('node:worker_threads');

const file = join(__dirname, `thread.${process.env.MODULE ?? 'cjs'}`);
const workers = JSON.parse(process.env.THREADS).map(start);

function start({ env, ...options }) {
  const worker = new Worker(file, { ...options, ...(env && { env: env === 'shared' ? SHARE_ENV : env }) });
  worker.on('message', (url) => console.log(`thread ${worker.threadId} ${url}`));
  worker.on('error', (error) => console.log(`error ${error.message}`));
  worker.on('exit', (code) => console.log(`ended ${code}`));
  return worker;
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [word, index] = line.split(' ');
  const worker = workers[index];
  if (word === 'exit') process.exit(3);
  else if (word === 'start') workers.push(start({}));
  else if (word === 'terminate') worker.terminate();
  else if (word === 'end') process.stdin.destroy();
  else worker.postMessage(word);
});
