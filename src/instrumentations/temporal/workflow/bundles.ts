import type { Calls, Guard, Outcome } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { TEMPORAL_OUTBOUND, TEMPORAL_WORKFLOW } from '../../../semconv/temporal.js';
import { TRACE_HEADER } from '../header.js';
import { includesOfficial } from '../official.js';
import { COMPLETED, outcomeOf } from '../outcome.js';
import { Visibility } from '../visibility.js';
import { type Ended, observeWorkflows, type SandboxOptions } from './sandbox.js';

const SINK = 'redhook';

interface CompiledOptions {
  sinks?: Record<string, unknown>;
}

interface Bundle {
  readonly code: string;
}

interface WorkflowInfo {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workflowType: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly attempt: number;
}

type GetOrCreateBundle = (
  this: unknown,
  options: CompiledOptions,
  ...rest: unknown[]
) => Promise<Bundle | undefined>;

/**
 * Adds `observeWorkflows` to the workflow bundle of a worker, prebuilt or not, and adds the sink that receives its
 * reports to the worker. Workers that only run activities have no bundle.
 */
export function observeBundles(
  worker: { getOrCreateBundle: GetOrCreateBundle },
  calls: Calls,
  guard: Guard,
): void {
  const inject = guard((bundle: Bundle, options: CompiledOptions): Bundle => {
    const traced = !includesOfficial(bundle.code);
    const ended = guard((info: WorkflowInfo, operation: Ended) => record(info, operation, traced, calls));
    options.sinks = { ...options.sinks, [SINK]: { ended: { fn: ended, callDuringReplay: false } } };
    return { ...bundle, code: withObserver(bundle.code, { sink: SINK, header: TRACE_HEADER, traced }) };
  });
  patch<GetOrCreateBundle>(
    worker,
    'getOrCreateBundle',
    (getOrCreateBundle) =>
      async function (options, ...rest) {
        const bundle = await getOrCreateBundle.call(this, options, ...rest);
        return bundle === undefined ? undefined : (inject(bundle, options) ?? bundle);
      },
  );
}

const SOURCE_MAP = '\n//# sourceMappingURL=';

/** Inserts the observer before the source map, which must stay last because Temporal searches for it from the end. */
function withObserver(code: string, options: SandboxOptions): string {
  const call = `\n;(${observeWorkflows})(__TEMPORAL__, ${JSON.stringify(options)});`;
  const index = code.lastIndexOf(SOURCE_MAP);
  return index === -1 ? code + call : code.slice(0, index) + call + code.slice(index);
}

function record(info: WorkflowInfo, operation: Ended, traced: boolean, calls: Calls): void {
  Visibility.of(calls).addType(info.workflowType, info.taskQueue);
  calls.recordEnded(
    {
      kind: KINDS[operation.name] ?? 'client',
      convention: OUTBOUND.has(operation.name) ? TEMPORAL_OUTBOUND : TEMPORAL_WORKFLOW,
      route: `${operation.name}:${operation.of}`,
      traced,
      attributes: {
        'temporal.namespace': info.namespace,
        'temporal.task_queue': info.taskQueue,
      },
      spanAttributes: () => ({
        'temporal.workflow_type': info.workflowType,
        'temporal.workflow_id': info.workflowId,
        'temporal.run_id': info.runId,
        'temporal.attempt': info.attempt,
      }),
    },
    operation,
    outcome(operation),
  );
}

/** A caller waits for a `server` operation, but not for a `consumer` or `producer` one. The rest are `client`. */
const KINDS: Readonly<Record<string, 'server' | 'consumer' | 'producer'>> = {
  RunWorkflow: 'consumer',
  HandleSignal: 'consumer',
  HandleQuery: 'server',
  HandleUpdate: 'server',
  SignalWorkflow: 'producer',
  ContinueAsNew: 'producer',
};

/** The operations that a workflow starts. */
const OUTBOUND = new Set(['StartActivity', 'StartChildWorkflow', 'SignalWorkflow', 'ContinueAsNew']);

function outcome({ error }: Ended): Outcome {
  if (error === undefined) return COMPLETED;
  if (error.name === 'ContinueAsNew') return { code: 'continued_as_new' };
  if (error.name === 'LocalActivityDoBackoff') return { code: 'backoff' };
  const failure = new Error(error.message);
  return outcomeOf(Object.assign(failure, error, { stack: '' }));
}
