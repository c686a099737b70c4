const FLOOR = { major: 22, minor: 15 };
export const OLDEST_NODE = `${FLOOR.major}.${FLOOR.minor}`;
/** By their scripts. A release of Yarn in a project (`yarnPath`) has its version in the name. */
const PACKAGE_MANAGERS =
  /[\\/](?:(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(?:-cli)?|\.yarn[\\/]releases[\\/]yarn-[^\\/]+)(?:\.[cm]?js)?$/;

/** `undefined`: Redhook may start. `''`: it must not, and there is nothing to say. Else a sentence for the user. */
export type ReasonNotToStart = undefined | '' | `Node ${string}`;

/** NODE_OPTIONS also reaches worker threads and the package manager that launches the application. */
export function reasonNotToStart(
  node = process.versions.node,
  script = process.argv[1] || '',
): ReasonNotToStart {
  if (PACKAGE_MANAGERS.test(script)) return '';
  if (!isTooOld(node)) return undefined;
  // The main thread has said so.
  return isWorkerThread()
    ? ''
    : `Node ${node} is older than ${OLDEST_NODE}; the application runs without telemetry`;
}

export function isTooOld(node: string): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  return major < FLOOR.major || (major === FLOOR.major && minor < FLOOR.minor);
}

/** Node disables `process.chdir` in worker threads. Loading node:worker_threads would take 2 ms. */
export function isWorkerThread(): boolean {
  return 'disabled' in process.chdir;
}
