#!/usr/bin/env node
/**
 * The command `redhook`. It is a separate file so that a Node too old for the rest can still parse it, and names the Node
 * that it needs instead of printing a syntax error.
 */
import { isTooOld, OLDEST_NODE } from './platform.js';

if (isTooOld(process.versions.node)) {
  process.stderr.write(`redhook: needs Node ${OLDEST_NODE} or later, and this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else {
  const { main } = require('./cli/main.js') as typeof import('./cli/main.js');
  main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
