import type { GaugePoint } from '../../../instrumentation.js';

/** The number of running activities, by task queue and type. */
export class ActivitiesInFlight {
  readonly #queues = new Map<string, Map<string, number>>();

  begin(taskQueue: string, activityType: string): void {
    this.#add(taskQueue, activityType, 1);
  }

  end(taskQueue: string, activityType: string): void {
    this.#add(taskQueue, activityType, -1);
  }

  *read(): Iterable<GaugePoint> {
    for (const [taskQueue, types] of this.#queues) {
      for (const [activityType, value] of types)
        yield {
          value,
          attributes: { 'temporal.task_queue': taskQueue, 'temporal.activity_type': activityType },
        };
    }
  }

  /** Lists the running activities of a task queue: `charge (2), notify (1)`. */
  describe(taskQueue: string): string {
    const running = [...(this.#queues.get(taskQueue) ?? [])].filter(([, count]) => count > 0);
    return running.map(([type, count]) => `${type} (${count})`).join(', ') || 'none';
  }

  #add(taskQueue: string, activityType: string, change: number): void {
    const types = this.#queues.get(taskQueue) ?? new Map<string, number>();
    this.#queues.set(taskQueue, types);
    types.set(activityType, (types.get(activityType) ?? 0) + change);
  }
}
