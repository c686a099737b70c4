// Makes a request to itself, and then runs another application with a timeout, after which that is killed.
const { spawnSync } = require('node:child_process');
const http = require('node:http');
const { join } = require('node:path');

const server = http.createServer((_request, response) => response.end('ok'));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
    response.resume().on('end', () => setTimeout(run, 20));
  });
});

function run() {
  const file = join(__dirname, 'signals.cjs');
  const { error, output, signal, status } = spawnSync(process.execPath, [file, ...process.argv.slice(2)], {
    encoding: 'utf8',
    timeout: 3_000,
  });
  console.log({ error: error?.code, output, signal, status });
  server.close();
}
