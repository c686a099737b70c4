/**
 * The application of the fault and death matrix. `/work` makes a request and a gRPC call to the application itself,
 * `/slow` is answered halfway, and `/do/<action>` breaks or ends the process from inside a handler. With LISTENERS, it
 * prints what happens at its end, in the order in which it happens.
 */
const http = require('node:http');

const { LISTENERS, NO_GRPC, DRAIN } = process.env;

const ACTIONS = {
  exit: () => process.exit(3),
  close: (response) => response.end('closing', close),
  throw(response) {
    setTimeout(() => response.end('thrown'), 20);
    setImmediate(() => {
      throw new Error('thrown beside a handler');
    });
  },
  reject(response) {
    Promise.reject(new Error('rejected by a handler'));
    setTimeout(() => response.end('rejected'), 20);
  },
  abort: () => process.abort(),
  block(response) {
    for (const until = performance.now() + 5_000; performance.now() < until; );
    response.end('blocked');
  },
  fill(response) {
    const kept = [];
    for (let i = 0; i < 10; i += 1) kept.push(Array.from({ length: 50_000 }, (_, n) => n + i));
    response.end(String(kept.length));
  },
};

const server = http.createServer(async (request, response) => {
  const { url } = request;
  if (url === '/inner') response.end('inner');
  else if (url === '/work') response.end(await work());
  else if (url === '/slow') response.write('halfway');
  else ACTIONS[url.replace('/do/', '')](response);
});

let grpc;

async function work() {
  const { port } = server.address();
  const answer = await fetch(`http://127.0.0.1:${port}/inner`);
  const text = await answer.text();
  return grpc === undefined ? text : grpc.call(text);
}

function print(event, first) {
  const [line] = String(first?.message ?? first).split('\n');
  console.log(event, line);
}

function close() {
  server.close();
  grpc?.close();
}

if (LISTENERS) {
  for (const event of ['beforeExit', 'exit', 'uncaughtExceptionMonitor'])
    process.on(event, (first) => print(event, first));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
    process.once(signal, () => {
      console.log(signal);
      if (DRAIN) setTimeout(() => process.exit(4), Number(DRAIN));
      else close();
    });
}
if (LISTENERS === 'all') {
  for (const event of ['uncaughtException', 'unhandledRejection', 'rejectionHandled', 'warning'])
    process.on(event, (first) => print(event, first));
}
if (process.env.UNTIL_STDIN_CLOSES) process.stdin.resume().on('end', close);

server.listen(0, '127.0.0.1', async () => {
  if (!NO_GRPC) grpc = await require('./grpc.cjs').start();
  await process.setUp?.(server);
  console.log(`listening http://127.0.0.1:${server.address().port}`);
});
