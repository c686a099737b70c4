'use strict';
// A cluster of two workers, each with two threads that serve.
const cluster = require('node:cluster');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');

if (cluster.isPrimary) {
  for (let worker = 0; worker < 2; worker += 1)
    cluster.fork().on('message', ({ thread, url }) => console.log(`thread ${thread} ${url}`));
} else {
  for (let turn = 0; turn < 2; turn += 1) {
    const worker = new Worker(join(__dirname, '../thread.cjs'));
    worker.on('message', (url) => process.send({ thread: cluster.worker.id * 10 + worker.threadId, url }));
  }
}
