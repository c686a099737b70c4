import { syncBuiltinESMExports } from 'node:module';
import type { Worker, WorkerOptions } from 'node:worker_threads';
import { log, reason } from '../log.js';
import { OWN_THREAD } from './own-thread.js';

const INVALID_ARGUMENTS = 'ERR_WORKER_INVALID_EXEC_ARGV';

type Arguments = [file: unknown, options: WorkerOptions | undefined];
type Construct = new (...args: unknown[]) => Worker;

/**
 * Makes threads load Redhook also where the application gives them arguments or an environment of their own. All others
 * inherit the flag from the process. `register` is the file of the flag; `onStart` is called before each thread that is not
 * one of Redhook's own.
 *
 * Nothing of Node is told what a thread is about to start with, so this is the one export that is replaced; it happens
 * before the application can see it.
 */
export function preloadInThreads(register: string, onStart: () => void): void {
  const threads = process.getBuiltinModule('node:worker_threads') as { Worker: unknown };
  const original = threads.Worker as Construct & { readonly prototype: Worker };
  const prepare = ([file, options]: Arguments): Arguments | undefined => {
    try {
      onStart();
      const execArgv = argumentsFor(options, register);
      // Options may be inherited.
      return execArgv && [file, Object.assign(Object.create(options ?? null), { execArgv })];
    } catch (error) {
      log.error(`a worker thread is not observed: ${reason(error)}`);
      return undefined;
    }
  };
  const Observed: Construct = new Proxy(original, {
    construct(_, args: Arguments, newTarget) {
      const target = newTarget === Observed ? original : (newTarget as Construct);
      const changed = args[1]?.name === OWN_THREAD ? undefined : prepare(args);
      if (changed === undefined) return Reflect.construct(original, args, target);
      try {
        return Reflect.construct(original, changed, target);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== INVALID_ARGUMENTS) throw error;
        // Some arguments of a process are refused for a thread. If the application's own are wrong, this throws, too.
        return Reflect.construct(original, args, target);
      }
    },
  });
  Object.defineProperty(original.prototype, 'constructor', { value: Observed });
  threads.Worker = Observed;
  syncBuiltinESMExports();
}

/** The arguments that a thread needs to be observed, or `undefined` if it inherits them. */
function argumentsFor(options: WorkerOptions | undefined, register: string): string[] | undefined {
  const { env, execArgv } = options ?? {};
  const hasOwn = Array.isArray(execArgv) || (typeof env === 'object' && env !== null);
  // Where packages are in archives, a thread may not be able to open the file.
  if (!hasOwn || process.versions['pnp'] !== undefined) return undefined;
  return [...(execArgv ?? process.execArgv), '--require', register];
}
