// An application that has changed what everybody in the process shares.
const http = require('node:http');
const { runInThisContext } = require('node:vm');

const CHANGES = {
  iterator() {
    delete Array.prototype[Symbol.iterator];
    console.log(require('./changed-globals-module.cjs'));
    process.exit();
  },
  prototype() {
    Object.prototype.extra = 'enumerable';
  },
  /** As `let process` does in a REPL: from now on the names mean something else, in every file. */
  names() {
    runInThisContext('let process, performance, Buffer, URL, AbortController');
  },
  /** As fake timers do: who sets one gets a number, and nothing happens until the test says so. */
  timers() {
    for (const name of ['setTimeout', 'setInterval', 'setImmediate'])
      globalThis[name] = () => console.log(`${name} was called`);
  },
};
CHANGES[process.argv[2]]();

const server = http.createServer((request, response) => {
  request.resume().on('end', () => response.end('ok'));
});
server.listen(0, '127.0.0.1', () => {
  const request = http.request({
    port: server.address().port,
    host: '127.0.0.1',
    method: 'POST',
    agent: false,
  });
  request.on('response', (response) => {
    console.log(response.statusCode);
    response.resume().on('end', () => server.close());
  });
  request.end('body');
});
