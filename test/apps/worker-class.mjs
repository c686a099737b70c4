// What an application can see of the class Worker, line by line.
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import * as threads from 'node:worker_threads';

const { Worker } = threads;
const required = createRequire(import.meta.url)('node:worker_threads').Worker;
const show = (what, value) => console.log(`${what}: ${inspect(value)}`);
const attempt = (what, run) => {
  try {
    show(what, run());
  } catch ({ name, code, message }) {
    show(what, { name, code, message });
  }
};

class Pool extends Worker {
  size = 3;
}

show('one class', threads.default.Worker === Worker && required === Worker);
show('class', [Worker.name, Worker.length, Object.getOwnPropertyNames(Worker)]);
attempt('no new', () => Worker('file.cjs'));
attempt('no file', () => new Worker());
attempt('a relative file', () => new Worker('file.cjs'));
attempt('a wrong argument', () => new Worker('0', { eval: true, execArgv: ['--no-such-flag'] }));
attempt('arguments that are no list', () => new Worker('0', { eval: true, execArgv: 'x' }));
attempt('a wrong environment', () => new Worker('0', { eval: true, env: 7 }));
const options = { eval: true, env: { A: '1' }, workerData: { b: 2 }, argv: ['x'] };
const script =
  'const { parentPort, workerData } = require("node:worker_threads"); parentPort.postMessage([process.env.A, workerData, process.argv.slice(2)])';
for (const Class of [Worker, Pool]) {
  const worker = new Class(script, Object.create(options));
  show('instance', [
    worker instanceof Worker,
    worker instanceof Pool,
    worker.constructor === Class,
    worker.size,
  ]);
  await new Promise((resolve) => worker.on('message', (data) => show('message', data)).on('exit', resolve));
}
show('options stay', options);
