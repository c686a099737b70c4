/** `client.cjs PORT CALLS` makes the calls, a list in JSON, one after the other, and prints the status of each. */
const { ask, connect } = require('./shop.cjs');

async function main([port, calls]) {
  const client = connect(port);
  for (const call of JSON.parse(calls)) console.log((await ask(client, call)).status);
  client.close();
}

main(process.argv.slice(2));
