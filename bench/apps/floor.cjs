/** No agent that knows the current request can cost less than this. */
const { AsyncLocalStorage } = require('node:async_hooks');
const { Server } = require('node:http');

const storage = new AsyncLocalStorage();
const { emit } = Server.prototype;

Server.prototype.emit = function (...args) {
  return args[0] === 'request' ? storage.run({}, () => emit.apply(this, args)) : emit.apply(this, args);
};
