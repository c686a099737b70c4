import type { Attributes, CallKind } from '../../instrumentation.js';

/** An operation of a Temporal client: what its span and its `temporal.route` are named by, and what else is known. */
export interface Operation {
  readonly name: string;
  /** The type or name of the workflow, signal, query or activity: bounded by the application's code. */
  readonly of?: unknown;
  readonly kind?: CallKind;
  readonly attributes?: Attributes;
}

/** `StartWorkflow:OrderWorkflow`: the words of Temporal's own tracing, in every language. */
export function routeOf({ name, of }: Operation): string {
  return typeof of === 'string' && of !== '' ? `${name}:${of}` : name;
}

interface Execution {
  readonly workflowId?: string | null;
  readonly runId?: string | null;
}

interface StartOptions {
  readonly workflowId?: string;
  readonly taskQueue?: string;
}

export function execution({ workflowId, runId }: Execution = {}): Attributes {
  return { 'temporal.workflow_id': workflowId ?? undefined, 'temporal.run_id': runId ?? undefined };
}

export function started({ workflowId, taskQueue }: StartOptions = {}, workflowType?: string): Attributes {
  return {
    'temporal.workflow_id': workflowId,
    'temporal.workflow_type': workflowType,
    'temporal.task_queue': taskQueue,
  };
}

/** A workflow is given by its name or by its function. */
export function nameOf(workflow: unknown): unknown {
  return typeof workflow === 'string' ? workflow : (workflow as { name?: unknown } | undefined)?.name;
}
