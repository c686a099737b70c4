/**
 * The entry of `node --import redhook/register`, also by `--require` and NODE_OPTIONS. It is a file of its own so
 * that a Node too old for the rest still understands this much and gets one line instead of a syntax error.
 */
import { obstacle } from './platform.js';

const why = obstacle();
if (why === undefined) {
  const { start } = require('./start.js') as typeof import('./start.js');
  start();
} else if (why !== '') {
  process.stderr.write(`redhook: ${why}\n`);
}
