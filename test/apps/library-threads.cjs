'use strict';
// Threads of libraries, which serve nothing: a transport of pino, and a pool.
const { join } = require('node:path');
const pino = require('pino');

async function main() {
  const transport = pino.transport({ target: 'pino/file', options: { destination: '/dev/null' } });
  pino(transport).info('hello');
  const { default: Pool } = await import('tinypool');
  const pool = new Pool({ filename: join(__dirname, 'library-threads.task.cjs'), runtime: 'worker_threads' });
  console.log(await pool.run([1, 2]));
  await pool.destroy();
  transport.end();
}

main();
