import type { Attributes, Call, Calls, ExtractCarrier, Guard, Instrumentation } from '../instrumentation.js';
import { patch } from '../patching/patch.js';
import { privateField } from '../patching/private-field.js';
import { whenSettled } from '../patching/when-settled.js';
import { MESSAGING_CLIENT, MESSAGING_PROCESS } from '../semconv/messaging.js';
import { injectCarrier } from './messaging/carrier.js';

const VERSIONS = '^5.34.0 || ^6.0.0';

/**
 * Jobs of BullMQ 5 and 6. What adds jobs is one call, and each attempt to process a job is another one, in the trace of the
 * former. The context travels in the option in which BullMQ's own telemetry keeps it, so that either end may use that
 * instead. The application does not see it. Where BullMQ has been given a telemetry of its own, that one makes the spans
 * and carries the context; the calls are counted all the same.
 *
 * The jobs of a scheduler begin their own traces: the one that made the scheduler would never end.
 */
export const bullmq: Instrumentation = {
  name: 'bullmq',
  observes: 'Jobs of BullMQ 5 and 6, from the queue or flow that adds them to the worker',
  conventions: [MESSAGING_CLIENT, MESSAGING_PROCESS],
  targets: [
    {
      package: 'bullmq',
      versions: VERSIONS,
      file: 'dist/cjs/classes/queue.js',
      attach: ({ Queue }, calls, guard) => observeQueue(Queue.prototype, calls, guard),
    },
    {
      package: 'bullmq',
      versions: VERSIONS,
      file: 'dist/cjs/classes/flow-producer.js',
      attach: ({ FlowProducer }, calls, guard) => observeFlows(FlowProducer.prototype, calls, guard),
    },
    {
      package: 'bullmq',
      versions: VERSIONS,
      file: 'dist/cjs/classes/job.js',
      attach: ({ Job }, calls, guard) => carryContexts(Job, calls, guard),
    },
    {
      package: 'bullmq',
      versions: VERSIONS,
      file: 'dist/cjs/classes/worker.js',
      attach: ({ Worker }, calls, guard) => observeWorker(Worker.prototype, calls, guard),
    },
  ],
};

/** A queue, the producer of flows, or a worker. */
interface Client {
  readonly name: string;
  readonly opts: { readonly connection?: Connection; readonly telemetry?: object };
}

/** The options of ioredis, or one of its clients. */
interface Connection extends Server {
  readonly options?: Server;
}

interface Server {
  readonly host?: string;
  readonly port?: number;
  readonly sentinels?: unknown;
}

interface Job {
  readonly id?: string;
  readonly name: string;
  readonly attemptsMade: number;
  readonly opts: JobOptions;
}

interface JobOptions {
  telemetry?: { readonly metadata?: unknown };
}

/** What is sent to Redis. Its options are those of the job itself in BullMQ 6, and a copy with short names in BullMQ 5. */
interface JobData {
  opts: JobOptions & { tm?: unknown; readonly omc?: unknown };
}

interface FlowJob extends Pick<Job, 'name'> {
  readonly queueName: string;
  readonly children?: readonly FlowJob[];
}

/** What is added: its queue, unless there are several, how many jobs, and what only the span says. */
interface Added {
  readonly queue: string | undefined;
  readonly jobs: number;
  readonly attributes?: Attributes;
}

type Method = (this: Client, ...args: unknown[]) => Promise<unknown>;

function observeQueue(prototype: object, calls: Calls, guard: Guard): void {
  const one = (queue: Client, name: unknown): Added => ({
    queue: queue.name,
    jobs: 1,
    attributes: { 'bullmq.job.name': String(name) },
  });
  observeAdding(prototype, 'add', one, calls, guard);
  observeAdding(
    prototype,
    'addBulk',
    ({ name: queue }, jobs) => ({ queue, jobs: (jobs as unknown[]).length }),
    calls,
    guard,
  );
  observeAdding(prototype, 'upsertJobScheduler', one, calls, guard);
}

function observeFlows(prototype: object, calls: Calls, guard: Guard): void {
  const added = (flows: readonly FlowJob[]): Added => {
    const queues = new Set(flows.map(({ queueName }) => queueName));
    return { queue: queues.size === 1 ? flows[0]?.queueName : undefined, jobs: sizeOf(flows) };
  };
  observeAdding(prototype, 'add', (_, flow) => added([flow as FlowJob]), calls, guard);
  observeAdding(prototype, 'addBulk', (_, flows) => added(flows as FlowJob[]), calls, guard);
}

function sizeOf(flows: readonly FlowJob[]): number {
  return flows.reduce((size, { children = [] }) => size + 1 + sizeOf(children), 0);
}

/** The context of the calls that add jobs, as the jobs carry it. */
const contexts = privateField<string>();

function observeAdding(
  prototype: object,
  operation: string,
  describe: (client: Client, first: unknown) => Added,
  calls: Calls,
  guard: Guard,
): void {
  const open = guard((client: Client, first: unknown) => {
    const { queue, jobs, attributes } = describe(client, first);
    const headers: Record<string, string> = {};
    const traced = client.opts.telemetry === undefined;
    const call = calls.open({
      kind: 'producer',
      convention: MESSAGING_CLIENT,
      traced,
      operation,
      route: queue,
      attributes: labelsOf(client, 'send'),
      spanAttributes: () => attributes ?? { 'messaging.batch.message_count': jobs },
      messages: jobs,
      ...(traced && { injectInto: injectCarrier(headers) }),
    });
    if (call !== undefined && Object.keys(headers).length > 0) contexts.set(call, toMetadata(headers));
    return call;
  });
  const end = guard((call: Call, added: unknown) => {
    call.set({ 'messaging.message.id': idOf(added) });
    call.end({});
  });
  patch<Method>(
    prototype,
    operation,
    (add) =>
      function (...args) {
        const call = open(this, args[0]);
        if (call === undefined) return add.apply(this, args);
        return whenSettled(
          call.run(add, this, ...args),
          (added) => end(call, added),
          (error) => call.end({ error }),
        );
      },
  );
}

/** Of one job. A flow is a job with children. */
function idOf(added: unknown): string | undefined {
  const { id, job } = (added ?? {}) as Partial<Job> & { job?: Job };
  return id ?? job?.id;
}

/** Tells a context of Redhook's, which the application does not see, from one that its own telemetry has put there. */
const MARK = '{"redhook":1,';

/** As the telemetry of BullMQ, which ignores the mark, keeps it. */
function toMetadata(headers: Record<string, string>): string {
  return MARK + JSON.stringify(headers).slice(1);
}

function headersIn(metadata: unknown): ExtractCarrier | undefined {
  if (typeof metadata !== 'string') return undefined;
  try {
    const headers = JSON.parse(metadata);
    return typeof headers === 'object' && headers !== null ? headers : undefined;
  } catch {
    // A telemetry may put there what it likes.
    return undefined;
  }
}

interface JobClass {
  readonly prototype: object;
}

/** What a job that was read has carried. */
const carried = privateField<unknown>();
/** Why the attempt to process a job has failed. */
const failures = privateField<{ readonly error: unknown }>();

function carryContexts(JobClass: JobClass, calls: Calls, guard: Guard): void {
  const put = guard((job: Job, data: JobData) => {
    const metadata = contexts.get(calls.current);
    const { opts } = data;
    if (metadata === undefined || opts.telemetry !== undefined) return;
    if (opts === job.opts) data.opts = { ...opts, telemetry: { metadata } };
    else if (opts.tm === undefined && opts.omc === undefined) opts.tm = metadata;
  });
  // Whatever adds a job passes here, just before the job is sent.
  patch<(this: Job, data: JobData) => void>(
    JobClass.prototype,
    'validateOptions',
    (validateOptions) =>
      function (data) {
        validateOptions.call(this, data);
        put(this, data);
      },
  );

  const take = guard((job: Job) => {
    const metadata = job.opts.telemetry?.metadata;
    if (metadata === undefined) return;
    carried.set(job, metadata);
    if (typeof metadata === 'string' && metadata.startsWith(MARK)) delete job.opts.telemetry;
  });
  patch<(this: unknown, ...args: unknown[]) => Job>(
    JobClass,
    'fromJSON',
    (fromJSON) =>
      function (...args) {
        const job = fromJSON.apply(this, args);
        take(job);
        return job;
      },
  );

  // A job that waits for others, for a while or for its rate limit has not failed, and does not pass here.
  patch<(this: Job, error: unknown, ...rest: unknown[]) => unknown>(
    JobClass.prototype,
    'moveToFailed',
    (moveToFailed) =>
      function (error, ...rest) {
        failures.set(this, { error });
        return moveToFailed.call(this, error, ...rest);
      },
  );
}

type ProcessJob = (this: Client, job: Job, ...rest: unknown[]) => Promise<unknown>;

function observeWorker(prototype: object, calls: Calls, guard: Guard): void {
  const open = guard((worker: Client, job: Job) => {
    const headers = headersIn(carried.get(job));
    return calls.open({
      kind: 'consumer',
      convention: MESSAGING_PROCESS,
      traced: worker.opts.telemetry === undefined,
      operation: 'process',
      route: worker.name,
      attributes: labelsOf(worker, 'process'),
      spanAttributes: () => ({
        'messaging.message.id': job.id,
        'bullmq.job.name': job.name,
        'bullmq.job.attempts.made': job.attemptsMade,
      }),
      ...(headers !== undefined && { extractFrom: headers }),
    });
  });
  patch<ProcessJob>(
    prototype,
    'processJob',
    (processJob) =>
      function (job, ...rest) {
        const call = open(this, job);
        if (call === undefined) return processJob.call(this, job, ...rest);
        // It takes what a job throws, and resolves.
        return whenSettled(
          call.run(processJob, this, job, ...rest),
          () => call.end(failures.get(job) ?? {}),
          (error) => call.end({ error }),
        );
      },
  );
}

function labelsOf({ opts: { connection } }: Client, type: string): Attributes {
  const { host, port, sentinels } = connection?.options ?? connection ?? {};
  // Behind sentinels, host and port are not those of the server.
  const isServer = sentinels === undefined || sentinels === null;
  return {
    'messaging.system': 'bullmq',
    'messaging.operation.type': type,
    'server.address': isServer ? host : undefined,
    'server.port': isServer ? port : undefined,
  };
}
