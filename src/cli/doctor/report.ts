/** What one Node process of the application says about itself, in a file of its own. Plain JSON. */
export interface ProcessReport {
  readonly pid: number;
  readonly node: string;
  /** Whether this is a worker thread, about which nothing else is known. */
  readonly isThread: boolean;
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  /** With its secrets: the folder is readable for nobody else, and is removed. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether Redhook has been started. */
  readonly isStarted: boolean;
  /** What Redhook has logged, whatever the level, without repetitions. */
  readonly lines: readonly LogLine[];
  /** The packages in which it has attached something, and where. */
  readonly attached: readonly FoundPackage[];
  /** All packages of which a file has been loaded. */
  readonly packages: readonly LoadedPackage[];
  /** The addresses that servers of the process, Redhook's own included, have listened on. */
  readonly ports: readonly number[];
  /** Absent while it lives, or if it was killed. */
  readonly exitCode?: number;
}

export interface LogLine {
  readonly level: string;
  readonly line: string;
}

export interface FoundPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
}

export interface LoadedPackage extends FoundPackage {
  /** Whether it was loaded before Redhook. */
  readonly isEarly: boolean;
  /** Whether it was imported as ES modules. */
  readonly isModule: boolean;
}
