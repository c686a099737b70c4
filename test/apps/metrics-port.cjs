/**
 * A cluster of two that listens on METRICS_PORT itself, when the PAGES of Redhook are open. WHO does it: `primary`, or
 * the id of a worker.
 */
const cluster = require('node:cluster');
const { createServer } = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');

const PORT = Number(process.env.METRICS_PORT);
const own = () => createServer((_, response) => response.end('own page\n'));

async function primary() {
  const workers = [cluster.fork(), cluster.fork()];
  for (let port = PORT; port < PORT + Number(process.env.PAGES); port += 1)
    while (!(await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined))) await delay(50);
  if (process.env.WHO === 'primary') own().listen(PORT, say);
  else cluster.workers[process.env.WHO].send('listen');
  for (const worker of workers) worker.once('message', say);
}

function say() {
  console.log(`listening http://127.0.0.1:${PORT}`);
}

if (cluster.isPrimary) {
  primary();
} else {
  createServer((_, response) => response.end()).listen(0);
  process.on('message', () => own().listen(PORT, () => process.send('listening')));
}
