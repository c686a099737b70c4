/** One word after `redhook`, in a file of its name. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `redhook help <command>` prints. */
  readonly help: string;
  /** Prints its result on stdout and returns the exit code. `args` are those after its name. Throws a `UsageError`. */
  run(args: readonly string[]): number | Promise<number>;
}

/** The exit codes of all commands. */
export const FINE = 0;
/** There is an error in the configuration, or telemetry is missing. */
export const FOUND_ERRORS = 1;
export const WRONG_USAGE = 2;

/** A command line that cannot be understood. */
export class UsageError extends Error {}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The arguments of a command that takes at most one file. */
export function onlyFile(positionals: readonly string[]): string | undefined {
  const [file, extra] = positionals;
  if (extra !== undefined) throw new UsageError(`one file at a time, and not "${extra}" too`);
  return file;
}
