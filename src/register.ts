/**
 * The entry point of `node --import redhook/register`, also for `--require` and NODE_OPTIONS. It is a separate file so
 * that a Node too old for the rest can still parse it, and prints one line instead of a syntax error.
 */
import { isWorkerThread, reasonNotToStart } from './platform.js';
import { reportListening } from './threads/listening.js';
import { receivedSetup } from './threads/setup.js';

const reason = reasonNotToStart();
if (reason === undefined) {
  if (isWorkerThread() && receivedSetup() === undefined) reportListening();
  else load();
} else if (reason !== '') {
  say(reason);
}

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
