type ProcessListener = (this: NodeJS.Process, signal: string) => void;

/** The signals that end a process unless it has a listener, and by which services are ended. */
const SIGNALS: ReadonlySet<unknown> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']);

export function isWatched(event: unknown): event is NodeJS.Signals {
  return SIGNALS.has(event);
}

/**
 * Watches signals without a listener of its own, so that the application still finds none: libraries clean up only if
 * nobody else listens, and an eleventh listener would print a warning. Node itself starts to watch a signal when its
 * first listener is added and stops with its last; these two functions of Node are called directly.
 */
export class SignalWatch {
  readonly #start = listenerOfNode('newListener', 'startListeningIfSignal');
  readonly #stop = listenerOfNode('removeListener', 'stopListeningIfSignal');
  #isOn = false;

  /** From now on a watched signal is an event, also while the application has no listener for it. */
  start(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    for (const signal of SIGNALS) this.#start?.call(process, signal as string);
  }

  /** Watches a signal again after Node has stopped, because the application removed its last listener. */
  resume(signal: NodeJS.Signals): void {
    if (this.#isOn && process.listenerCount(signal) === 0) this.#start?.call(process, signal);
  }

  /** Restores the default action of a signal. Has no effect while the application listens. */
  stop(signal: NodeJS.Signals): void {
    this.#stop?.call(process, signal);
  }
}

function listenerOfNode(event: 'newListener' | 'removeListener', name: string): ProcessListener | undefined {
  const listeners: unknown[] = (process as NodeJS.EventEmitter).listeners(event);
  return listeners.find((listener) => (listener as ProcessListener).name === name) as
    | ProcessListener
    | undefined;
}
