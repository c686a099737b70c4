// Like a process manager: it serves nothing over the network, but listens on a local socket of its own.
const { createServer } = require('node:net');

createServer().listen(`\0redhook-idle-${process.pid}`, () => console.log('listening nowhere'));
