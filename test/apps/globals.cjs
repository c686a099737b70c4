// Prints the functions that a preload might be tempted to replace, and the names of all globals.
const http = require('node:http');
const Module = require('node:module');
const { EventEmitter } = require('node:events');

const functions = {
  require: Module.prototype.require,
  resolve: Module._resolveFilename,
  getBuiltinModule: process.getBuiltinModule,
  request: http.request,
  get: http.get,
  createServer: http.createServer,
  Server: http.Server,
  emit: EventEmitter.prototype.emit,
  on: EventEmitter.prototype.on,
  fetch,
  setTimeout,
  exit: process.exit,
};
for (const [name, value] of Object.entries(functions))
  console.log(name, value.name, value.length, String(value).length);
console.log(
  Object.keys(globalThis).join(),
  Object.keys(process.env)
    .filter((name) => !name.startsWith('OTEL_'))
    .join(),
);
console.log(
  process
    .eventNames()
    .filter((name) => !['exit', 'SIGTERM', 'SIGINT', 'uncaughtExceptionMonitor'].includes(name))
    .join(),
);
