/** A workflow, and the run that is meant if not its current one. */
export interface Terminated {
  readonly workflowId?: string | null;
  readonly runId?: string | null;
}

type Listener = (terminated: Terminated) => void;

const listeners: Listener[] = [];

/** Calls `listener` when a client of this process has terminated a workflow. Returns how to end that. */
export function onTermination(listener: Listener): () => void {
  listeners.push(listener);
  return () => void listeners.splice(listeners.indexOf(listener), 1);
}

export function tellTermination(terminated: Terminated): void {
  for (let i = 0; i < listeners.length; i += 1) listeners[i]?.(terminated);
}
