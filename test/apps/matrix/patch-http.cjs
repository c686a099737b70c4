// Another agent: it replaces exports of node:http and methods of its prototypes, and calls what it found there.
const http = require('node:http');

const { createServer, get, request } = http;
http.createServer = (...args) => createServer(...args);
http.request = (...args) => request(...args);
http.get = (...args) => get(...args);
for (const { prototype } of [http.Server, http.ServerResponse, http.ClientRequest]) {
  const { emit } = prototype;
  prototype.emit = function (...args) {
    return emit.apply(this, args);
  };
}
const fetchOfNode = globalThis.fetch;
globalThis.fetch = (...args) => fetchOfNode(...args);
