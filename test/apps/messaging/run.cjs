/**
 * Sends messages from HTTP requests, prints everything that the application sees of them, and ends. `open` connects, and
 * returns what the requests do, by their paths, and how many messages arrive of each.
 */
const { once } = require('node:events');
const { createServer } = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');

const ROUNDS = 5;
/** For the messages. What has not arrived by then is missing from the output. */
const PATIENCE_MS = 30_000;

module.exports = async function run(open) {
  const [host, port] = process.env.SERVER.split(':');
  const seen = [];
  const see = (what) => seen.push(JSON.stringify(what));
  const { routes, arriving, close } = await open({ host, port: Number(port), see });
  const server = createServer(async (request, response) => {
    const path = request.url.slice(1);
    see([path, await routes[path]().catch((error) => ({ error: String(error), keys: Object.keys(error) }))]);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const url = `http://127.0.0.1:${server.address().port}`;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const path of Object.keys(routes)) await (await fetch(`${url}/${path}`)).text();
  }
  const expected = ROUNDS * (Object.keys(routes).length + arriving);
  const late = Date.now() + PATIENCE_MS;
  while (seen.length < expected && Date.now() < late) await sleep(5);
  await close();
  server.close();
  server.closeAllConnections();
  console.log(seen.sort().join('\n'));
};
