// Upgrades sockets as a WebSocket server and as a proxy do, and prints how V8 keeps them. Needs --allow-natives-syntax.
const http = require('node:http');
const net = require('node:net');

const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)');
const hasFastProperties = new Function('a', 'return %HasFastProperties(a)');
const sockets = [];
const COUNT = 40;

const server = http.createServer().on('upgrade', (_request, socket) => {
  // A property that the socket does not have yet.
  if (process.env.ADDS) socket.added = true;
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n');
  sockets.push(socket.on('error', () => {}));
});
server.listen(0, '127.0.0.1', async () => {
  const upgrade = 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n';
  for (let i = 0; i < COUNT; i += 1) {
    const client = net.connect(server.address().port, '127.0.0.1', () => client.write(upgrade));
    await new Promise((resolve) => client.once('data', resolve));
  }
  const classes = sockets.filter((socket, i) => sockets.findIndex((each) => haveSameMap(each, socket)) === i);
  console.log(JSON.stringify({ classes: classes.length, fast: sockets.every(hasFastProperties) }));
  process.exit();
});
