/** Servers on free loopback ports, and exchanges with them byte by byte. */
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');

const HOST = '127.0.0.1';

/** Lets a server listen and returns its port. */
exports.listen = async (server) => {
  server.listen(0, HOST);
  await once(server, 'listening');
  return server.address().port;
};

exports.close = (server) => new Promise((resolve) => server.close(resolve));

/** A port where nothing listens. */
exports.deadPort = async () => {
  const server = net.createServer();
  const port = await exports.listen(server);
  await exports.close(server);
  return port;
};

/** Sends bytes and returns everything received until the end. Disconnects as soon as it has received `until`. */
exports.exchange = async (port, bytes, until = /$^/) => {
  const socket = net.connect(port, HOST).on('error', () => {});
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.write(bytes);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
    if (until.test(answer)) socket.destroy();
  });
  await closed;
  return answer.replaceAll(/^Date: .*\r\n/gm, '');
};

/** Serves HTTP while `use` runs. `use` receives the address and the server. */
exports.serving = async (handler, use) => {
  const server = http.createServer(handler);
  const port = await exports.listen(server);
  const result = await use({ host: HOST, port }, server);
  server.closeAllConnections();
  await exports.close(server);
  return result;
};

/** Answers the request of each connection byte by byte while `use` runs. */
exports.answering = async (answer, use) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (String(chunk).includes('\r\n\r\n')) answer(socket);
    });
  });
  const port = await exports.listen(server);
  const result = await use({ host: HOST, port });
  await exports.close(server);
  return result;
};

/** What a socket says of its other end. It forgets that when the other end has left, unless it was asked before. */
exports.peerOf = ({ remoteAddress, remoteFamily, remotePort }) => [remoteAddress, remoteFamily, remotePort];
