/** A server whose requests all arrive at once, so that the calls that they make wait for a connection. */
const http = require('node:http');
const { at, here } = require('./account.cjs');
const { close, exchange, listen } = require('./wire.cjs');

const REQUESTS = 10;

/** The calls of `busy`: those of `inside` are made in each request. */
exports.callsInside = (inside) => Array(REQUESTS).fill(`server GET 200 > ${inside}`);

/** Serves ten requests at once and makes a call in each of them. Returns what each call has returned. */
exports.busy = async (path, call) => {
  const accounts = [];
  const server = http.createServer((request, response) => {
    const name = request.url;
    at(name, async () => {
      const returned = await call();
      accounts.push([name, returned, here()]);
      response.end();
    });
  });
  const port = await listen(server);
  const request = (_, i) =>
    exchange(port, `GET ${path}/${i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await Promise.all(Array.from({ length: REQUESTS }, request));
  await close(server);
  return accounts.sort();
};
