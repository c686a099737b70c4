import type { Calls, Guard, Outcome } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { TEMPORAL_OUTBOUND, TEMPORAL_WORKFLOW } from '../../../semconv/temporal.js';
import { TRACE_HEADER } from '../header.js';
import { includesOfficial } from '../official.js';
import { Visibility } from '../visibility.js';
import type { WorkflowInfo } from './open-runs.js';
import { type Conclusion, type Ended, observeWorkflows, type SandboxOptions } from './sandbox.js';
import { type AskingWorker, WorkerRuns } from './worker-runs.js';
import { observeWorkflowTasks, type Worker } from './workflow-tasks.js';

const SINK = 'redhook';

interface CompiledOptions {
  sinks?: Record<string, object>;
}

interface Bundle {
  readonly code: string;
}

interface ObservedWorker extends Worker, AskingWorker {
  readonly options: CompiledOptions;
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
  worker: { readonly prototype: object; getOrCreateBundle: GetOrCreateBundle },
  calls: Calls,
  guard: Guard,
): void {
  const runsOf = new WeakMap<object, WorkerRuns>();
  const inject = guard((bundle: Bundle, options: CompiledOptions): Bundle => {
    const traced = !includesOfficial(bundle.code);
    const tell = (info: WorkflowInfo, operation: Ended): void => record(info, operation, traced, calls);
    const runs = new WorkerRuns(tell, calls);
    const concluded = guard((info: WorkflowInfo, conclusion: Conclusion) => runs.hold(info, conclusion));
    const answered = guard((info: WorkflowInfo, queries: Ended[]) => {
      for (const query of queries) tell(info, query);
    });
    const sink = {
      concluded: { fn: concluded, callDuringReplay: false },
      // Some versions take a query for a replay.
      answered: { fn: answered, callDuringReplay: true },
    };
    runsOf.set(sink, runs);
    options.sinks = { ...options.sinks, [SINK]: sink };
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
  const observerOf = (worker: ObservedWorker) => {
    const sink = worker.options.sinks?.[SINK];
    const runs = sink && runsOf.get(sink);
    if (runs !== undefined) runs.worker ??= worker;
    return runs;
  };
  observeWorkflowTasks(worker.prototype, observerOf as never, guard);
}

const SOURCE_MAP = '\n//# sourceMappingURL=';

/** Inserts the observer before the source map, which must stay last because Temporal searches for it from the end. */
function withObserver(code: string, options: SandboxOptions): string {
  const call = `\n;(${observeWorkflows})(__TEMPORAL__, ${JSON.stringify(options)});`;
  const index = code.lastIndexOf(SOURCE_MAP);
  return index === -1 ? code + call : code.slice(0, index) + call + code.slice(index);
}

function record(info: WorkflowInfo, operation: Ended, traced: boolean, calls: Calls): void {
  const { name, of } = operation;
  Visibility.of(calls).addType(info.workflowType, info.taskQueue);
  calls.recordEnded(
    {
      kind: KINDS[name] ?? 'client',
      convention: OUTBOUND.has(name) ? TEMPORAL_OUTBOUND : TEMPORAL_WORKFLOW,
      route: `${name}:${of}`,
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
    outcomeOf(operation),
  );
}

function outcomeOf({ status, error }: Ended): Outcome {
  if (error === undefined) return { code: status };
  const failure = Object.assign(new Error(error.message), { name: error.type, stack: '' });
  return { code: status, error: failure, errorType: error.type };
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
const OUTBOUND = new Set([
  'StartActivity',
  'StartChildWorkflow',
  'StartNexusOperation',
  'SignalWorkflow',
  'ContinueAsNew',
]);
