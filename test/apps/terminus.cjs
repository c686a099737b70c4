// A service that @godaddy/terminus stops: on SIGTERM it closes, cleans up and raises the signal again.
const http = require('node:http');
const { createTerminus } = require('@godaddy/terminus');

const server = http.createServer((_request, response) => response.end('ok'));
createTerminus(server, {
  healthChecks: { '/health': async () => {} },
  onSignal: async () => console.log('cleaned up'),
  onShutdown: async () => console.log('shut down'),
});
server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));
