/**
 * A cluster of WORKERS that replaces each worker that ends. On SIGUSR2 it replaces all of them one by one, as PM2 does:
 * the old one is killed when the new one listens. With FLAG only the workers have Redhook. Prints the pid of each worker.
 */
const cluster = require('node:cluster');
const http = require('node:http');

const { WORKERS = '2', FLAG, POLICY } = process.env;

function primary() {
  if (FLAG !== undefined) cluster.setupPrimary({ execArgv: ['--require', FLAG] });
  if (POLICY === 'none') cluster.schedulingPolicy = cluster.SCHED_NONE;
  const replaced = new Set();
  const start = () =>
    new Promise((resolve) => {
      const worker = cluster.fork();
      console.log(`worker ${worker.id} ${worker.process.pid}`);
      worker.once('listening', () => resolve(worker));
    });
  cluster.on('listening', ({ id }, { port }) => console.log(`heard ${id} ${port}`));
  cluster.on('exit', (worker) => {
    console.log(`ended ${worker.id}`);
    if (!replaced.has(worker)) start();
  });
  const all = Array.from({ length: Number(WORKERS) }, start);
  Promise.all(all).then(() => console.log(`listening http://127.0.0.1:${process.env.PORT}`));
  process.on('SIGUSR2', async () => {
    for (const worker of Object.values(cluster.workers)) {
      await start();
      replaced.add(worker);
      worker.kill('SIGINT');
    }
    console.log('reloaded');
  });
}

function worker() {
  const { metrics } = require('@opentelemetry/api');
  const meter = metrics.getMeter('app');
  const jobs = meter.createCounter('jobs');
  const open = meter.createUpDownCounter('open');
  const observed = meter.createObservableGauge('load');
  observed.addCallback((result) => result.observe(cluster.worker.id * 10));
  open.add(1);

  http
    .createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, 'http://x');
      if (pathname === '/hang') {
        response.end(`${process.pid}`);
        setTimeout(() => {
          const end = Date.now() + Number(searchParams.get('ms'));
          while (Date.now() < end);
        }, 50);
        return;
      }
      if (pathname === '/listen') {
        http
          .createServer((_, own) => own.end('own page\n'))
          .on('error', (error) => response.end(error.code))
          .listen(Number(searchParams.get('port')), () => response.end('listens'));
        return;
      }
      jobs.add(1, { kind: 'web' });
      setTimeout(() => response.end(`${process.pid}`), Math.random() * 4);
    })
    .listen(Number(process.env.PORT), '127.0.0.1');
}

if (cluster.isPrimary) primary();
else worker();
