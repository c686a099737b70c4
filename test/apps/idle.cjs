// A process manager: it starts others and serves nothing itself, though it talks over a socket of its own.
const { createServer } = require('node:net');

createServer().listen(`\0redhook-idle-${process.pid}`, () => console.log('listening nowhere'));
