import type { Attributes, Calls, GaugePoint } from '../../instrumentation.js';

/** The maximum number of polled pairs of workflow type and task queue. Each pair costs one request. */
const MAX_TYPES = 20;

export interface CountedClient {
  readonly options: { readonly namespace?: string };
  count(query?: string): Promise<Counted>;
}

interface Counted {
  readonly count: number;
  readonly groups?: readonly { readonly count: number; readonly groupValues: readonly unknown[] }[];
}

interface TrackedType {
  readonly workflowType: string;
  readonly taskQueue: string;
}

/**
 * How many executions the service has, by status, and how many are running of the types that this process knows. The
 * service's counts are approximate and cover only the executions that it retains, so they are gauges.
 */
export class Visibility {
  static readonly #all = new WeakMap<Calls, Visibility>();

  /** The instance that clients and workers share. */
  static of(calls: Calls): Visibility {
    const known = Visibility.#all.get(calls) ?? new Visibility(calls);
    Visibility.#all.set(calls, known);
    return known;
  }

  /** A client by namespace, while one exists. Clients belong to the application and must not be kept alive. */
  readonly #clients = new Map<string, () => CountedClient | undefined>();
  readonly #types = new Map<string, TrackedType>();
  #executions: GaugePoint[] = [];
  #active: GaugePoint[] = [];

  private constructor(calls: Calls) {
    calls.addGauge({
      name: 'temporal.workflow.executions',
      description: 'Executions that the Temporal service has, by status.',
      unit: '{execution}',
      read: () => this.#executions,
    });
    calls.addGauge({
      name: 'temporal.workflow.active',
      description: 'Running executions of the workflow types that this process knows.',
      unit: '{execution}',
      read: () => this.#active,
    });
    calls.poll('temporal: executions are not counted', () => this.refresh());
  }

  addClient(client: CountedClient): void {
    const reference = new WeakRef(client);
    this.addSource(client.options.namespace, () => reference.deref());
  }

  /** Takes a function because a worker creates its client on first access. */
  addSource(namespace = 'default', client: () => CountedClient | undefined): void {
    if (!this.#clients.has(namespace)) this.#clients.set(namespace, client);
  }

  addType(workflowType: string, taskQueue: string): void {
    if (this.#types.size < MAX_TYPES)
      this.#types.set(`${taskQueue} ${workflowType}`, { workflowType, taskQueue });
  }

  /** Queries the service: once per namespace, and once for each workflow type. */
  async refresh(): Promise<void> {
    const executions: GaugePoint[] = [];
    const active: GaugePoint[] = [];
    for (const [namespace, clientOf] of this.#clients) {
      const client = clientOf();
      if (client === undefined) {
        this.#clients.delete(namespace);
        continue;
      }
      const { groups = [] } = await client.count('GROUP BY ExecutionStatus');
      for (const { count, groupValues } of groups)
        executions.push(
          point(count, { 'temporal.namespace': namespace, 'temporal.status': statusOf(groupValues) }),
        );
      for (const { workflowType, taskQueue } of this.#types.values()) {
        const { count } = await client.count(
          `ExecutionStatus = 'Running' AND WorkflowType = ${quoted(workflowType)} AND TaskQueue = ${quoted(taskQueue)}`,
        );
        active.push(
          point(count, {
            'temporal.namespace': namespace,
            'temporal.workflow_type': workflowType,
            'temporal.task_queue': taskQueue,
          }),
        );
      }
    }
    this.#executions = executions;
    this.#active = active;
  }
}

function point(value: number, attributes: Attributes): GaugePoint {
  return { value, attributes };
}

/** The SDK wraps each value in a list of one. */
function statusOf(groupValues: readonly unknown[]): string {
  return String(groupValues.flat()[0]);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
