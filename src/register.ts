/**
 * The entry of `node --import redhook/register`, also by `--require` and NODE_OPTIONS. It is a file of its own so
 * that a Node too old for the rest still understands this much, and gets a line instead of a syntax error.
 */
import { obstacle } from './platform.js';

const why = obstacle();
if (why === undefined) load();
else if (why !== '') say(why);

function load(): void {
  try {
    const { start } = require('./start.js') as typeof import('./start.js');
    start();
  } catch (error) {
    say(`cannot be loaded (${error}); the application runs without telemetry`);
  }
}

function say(line: string): void {
  process.stderr.write(`redhook: ${line}\n`);
}
