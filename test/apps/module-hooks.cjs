// An application whose hooks of the module system see every file, and mock one that Node brings. It prints the files.
const Module = require('node:module');

const files = [];
const { _load: load } = Module;
const { _compile: compile } = Module.prototype;
Module._load = function (id, ...more) {
  return id === 'node:zlib' ? {} : load.call(this, id, ...more);
};
Module.prototype._compile = function (source, file) {
  files.push(file);
  return compile.call(this, source, file);
};

const { metrics, trace } = require('@opentelemetry/api');
metrics.getMeter('own').createCounter('own.sold').add(1);
trace.getTracer('own').startSpan('own work').end();
console.log(JSON.stringify(files));
