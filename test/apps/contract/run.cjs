/**
 * `run.cjs BOUNDARY [SCENARIO]` plays the scenarios of a boundary one after the other. For each it prints one line of
 * JSON: its name, the calls that it makes, and a record of everything that the application has seen.
 */
const TOO_LONG_MS = 10_000;

async function main([boundary, only]) {
  const scenarios = require(`./${boundary}.cjs`);
  for (const [name, { calls, run }] of Object.entries(scenarios)) {
    if (only !== undefined && name !== only) continue;
    const timer = setTimeout(() => {
      throw new Error(`the scenario ${name} does not end`);
    }, TOO_LONG_MS);
    const account = await run(`/${name}`);
    clearTimeout(timer);
    console.log(withoutPorts(JSON.stringify({ name, calls, account })));
  }
}

/** Ports differ between runs. */
function withoutPorts(text) {
  return text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT');
}

main(process.argv.slice(2));
