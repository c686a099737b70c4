// The service runs in a worker thread. The main thread only waits for it.
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const http = require('node:http');

if (isMainThread) {
  new Worker(__filename).on('message', (url) => console.log(`listening ${url}`));
} else {
  const server = http.createServer((_, response) =>
    response.end(Object.hasOwn(http.Server.prototype, 'emit') ? 'patched' : 'untouched'),
  );
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(`http://127.0.0.1:${server.address().port}`));
}
