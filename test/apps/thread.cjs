'use strict';
const { parentPort, Worker, workerData } = require('node:worker_threads');
const fastify = require('fastify');
const serve = require('./thread.routes.cjs');

if (workerData?.starts === undefined) serve(fastify({ forceCloseConnections: true }), parentPort);
// A thread that only starts another one.
else new Worker(__filename, workerData.starts).on('message', (url) => parentPort.postMessage(url));
