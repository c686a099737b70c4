/** Prints at the end which files of dist/ the process has read. */
const fs = require('node:fs');
const { join, relative } = require('node:path');

const DIST = join(__dirname, '../../dist');
const { readFileSync } = fs;
const read = new Set();
fs.readFileSync = (path, ...rest) => {
  if (String(path).startsWith(DIST)) read.add(relative(DIST, String(path)));
  return readFileSync(path, ...rest);
};
process.on('exit', () => console.log(JSON.stringify([...read].sort())));
