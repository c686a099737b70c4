import type { Calls, GaugePoint, Guard } from '../../../instrumentation.js';
import { patch } from '../../../patching/patch.js';
import { type CountedClient, Visibility } from '../visibility.js';
import { addActivityNames } from './activities.js';
import type { ActivitiesInFlight } from './in-flight.js';

const STATES = ['INITIALIZED', 'RUNNING', 'STOPPING', 'DRAINING', 'DRAINED', 'STOPPED', 'FAILED'] as const;

/** A worker that still waits for its activities this long after its shutdown is logged. */
const LONG_DRAIN_MS = 10_000;

interface Worker {
  readonly options: {
    readonly namespace?: string;
    readonly taskQueue?: string;
    readonly activities?: ReadonlyMap<string, unknown>;
  };
  readonly client?: { readonly workflow?: CountedClient };
  getState(): string;
}

type Run = (this: Worker) => Promise<void>;
type Shutdown = (this: Worker) => void;

/** Observes running workers: gauges show their state, and a line on stderr reports a worker whose shutdown hangs. */
export function observeWorkers(
  prototype: object,
  inFlight: ActivitiesInFlight,
  calls: Calls,
  guard: Guard,
): void {
  /** The running workers, and when each began to drain, in milliseconds since 1970. */
  const workers = new Map<Worker, number | undefined>();
  const visibility = Visibility.of(calls);
  const add = guard((worker: Worker) => {
    workers.set(worker, undefined);
    addActivityNames(worker.options.activities);
    visibility.addSource(worker.options.namespace, () =>
      workers.has(worker) ? worker.client?.workflow : undefined,
    );
  });
  const remove = guard((worker: Worker) => workers.delete(worker));
  const watchDrain = guard((worker: Worker) => {
    workers.set(worker, Date.now());
    setTimeout(() => reportDrain(worker), LONG_DRAIN_MS).unref();
  });
  const reportDrain = guard((worker: Worker) => {
    if (!workers.has(worker)) return;
    const { taskQueue = '' } = worker.options;
    const running = inFlight.describe(taskQueue);
    calls.warn(
      `temporal-worker: a worker of the task queue ${taskQueue} has been draining for ${LONG_DRAIN_MS / 1000} s; activities still running: ${running}`,
    );
  });

  patch<Run>(
    prototype,
    'run',
    (run) =>
      function () {
        add(this);
        const running = run.call(this);
        const end = (): void => void remove(this);
        running.then(end, end);
        return running;
      },
  );
  patch<Shutdown>(
    prototype,
    'shutdown',
    (shutdown) =>
      function () {
        shutdown.call(this);
        watchDrain(this);
      },
  );

  calls.addGauge({
    name: 'temporal.worker.state',
    description: 'Workers by state.',
    unit: '{worker}',
    read: () => mergeSeries([...workers.keys()].flatMap(statesOf), (a, b) => a + b),
  });
  calls.addGauge({
    name: 'temporal.worker.draining',
    description: 'How long a worker has been waiting for its activities since its shutdown.',
    unit: 's',
    read() {
      const points = Array.from(workers, ([worker, since]) => ({
        value: since === undefined ? 0 : (Date.now() - since) / 1000,
        attributes: queueAttributes(worker),
      }));
      return mergeSeries(points, Math.max);
    },
  });
  calls.addGauge({
    name: 'temporal.worker.activities',
    description: 'Running activities.',
    unit: '{activity}',
    read: () => inFlight.read(),
  });
}

function statesOf(worker: Worker): GaugePoint[] {
  const current = worker.getState();
  return STATES.map((state) => ({
    value: state === current ? 1 : 0,
    attributes: { ...queueAttributes(worker), 'temporal.worker.state': state },
  }));
}

/** Workers of the same task queue share their series. */
function mergeSeries(
  points: readonly GaugePoint[],
  combine: (a: number, b: number) => number,
): Iterable<GaugePoint> {
  const series = new Map<string, GaugePoint>();
  for (const point of points) {
    const key = JSON.stringify(point.attributes);
    const known = series.get(key);
    series.set(key, known === undefined ? point : { ...point, value: combine(known.value, point.value) });
  }
  return series.values();
}

function queueAttributes({ options }: Worker): GaugePoint['attributes'] {
  return { 'temporal.namespace': options.namespace, 'temporal.task_queue': options.taskQueue };
}
