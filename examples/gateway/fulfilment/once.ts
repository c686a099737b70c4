import { status } from '@grpc/grpc-js';
import { CallError } from '../order-service/serve.ts';
import type { Database, Run } from './database.ts';

/** A step of orders that is done at most once and undone at most once, however often it is asked for. */
export interface Once {
  /** `apply` runs with the note that it was done, or neither is kept. Refused if the step has been undone before. */
  do(orderId: string, detail: unknown, apply?: (run: Run) => Promise<void>): Promise<void>;
  /** `revert` gets the detail of what was done. A step that was not done cannot be done any more. */
  undo(orderId: string, revert?: (run: Run, detail: unknown) => Promise<void>): Promise<void>;
}

/** Keeps its notes in the table `steps`. */
export async function createOnce(database: Database): Promise<Once> {
  await database.transaction((run) =>
    run('CREATE TABLE IF NOT EXISTS steps (order_id TEXT PRIMARY KEY, detail TEXT, state TEXT NOT NULL)'),
  );
  return {
    do: (orderId, detail, apply) =>
      database.transaction(async (run) => {
        const added = await run(
          "INSERT INTO steps VALUES ($1, $2, 'done') ON CONFLICT DO NOTHING RETURNING order_id",
          orderId,
          JSON.stringify(detail),
        );
        if (added.length > 0) return apply?.(run);
        const [step] = await run('SELECT state FROM steps WHERE order_id = $1', orderId);
        if (step?.['state'] === 'done') return undefined;
        throw new CallError(status.FAILED_PRECONDITION, `order ${orderId} has been undone`);
      }),
    undo: (orderId, revert) =>
      database.transaction(async (run) => {
        const [undone] = await run(
          "UPDATE steps SET state = 'undone' WHERE order_id = $1 AND state = 'done' RETURNING detail",
          orderId,
        );
        if (undone !== undefined) return revert?.(run, JSON.parse(String(undone['detail'])));
        await run("INSERT INTO steps VALUES ($1, NULL, 'undone') ON CONFLICT DO NOTHING", orderId);
        return undefined;
      }),
  };
}
