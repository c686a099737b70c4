/** Prints a heading. */
export function say(line: string): void {
  console.log(`\n\x1b[1m${line}\x1b[0m\n`);
}
