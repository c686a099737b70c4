import type { Attributes, Calls, GaugePoint } from '../../instrumentation.js';

/** Types of workflows, each on its task queue, whose running executions are counted one by one. */
const MAX_TYPES = 20;

export interface CountedClient {
  readonly options: { readonly namespace?: string };
  count(query?: string): Promise<Counted>;
}

interface Counted {
  readonly count: number;
  readonly groups?: readonly { readonly count: number; readonly groupValues: readonly unknown[] }[];
}

interface Type {
  readonly workflowType: string;
  readonly taskQueue: string;
}

/**
 * How many executions the service has, by status, and how many run of the types that this process knows. They are
 * counts of the service, approximate and of what it still retains: gauges, no counters.
 */
export class Visibility {
  static readonly #all = new WeakMap<Calls, Visibility>();

  /** The one that clients and workers share. */
  static of(calls: Calls): Visibility {
    const known = Visibility.#all.get(calls) ?? new Visibility(calls);
    Visibility.#all.set(calls, known);
    return known;
  }

  /** A client by namespace, while there is one. They are the application's own, and must not be held. */
  readonly #clients = new Map<string, () => CountedClient | undefined>();
  readonly #types = new Map<string, Type>();
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
      description: 'Executions that run, of the types of workflow that this process knows.',
      unit: '{execution}',
      read: () => this.#active,
    });
    calls.poll('temporal: the executions are not counted', () => this.refresh());
  }

  addClient(client: CountedClient): void {
    const reference = new WeakRef(client);
    this.addSource(client.options.namespace, () => reference.deref());
  }

  /** A worker has a client, which is made when it is first asked for. */
  addSource(namespace = 'default', client: () => CountedClient | undefined): void {
    if (!this.#clients.has(namespace)) this.#clients.set(namespace, client);
  }

  addType(workflowType: string, taskQueue: string): void {
    if (this.#types.size < MAX_TYPES)
      this.#types.set(`${taskQueue} ${workflowType}`, { workflowType, taskQueue });
  }

  /** Asks the service: once for all, and once for each type. */
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

/** The SDK gives each value as a list of one. */
function statusOf(groupValues: readonly unknown[]): string {
  return String(groupValues.flat()[0]);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
