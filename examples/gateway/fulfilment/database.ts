import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

export type Row = Readonly<Record<string, unknown>>;

/** Runs a statement. Its parameters are `$1`, `$2`, ... */
export type Run = (sql: string, ...parameters: (string | number)[]) => Promise<Row[]>;

export interface Database {
  /** Commits when `work` has ended, and rolls back if it fails. */
  transaction<R>(work: (run: Run) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

/** A database of PostgreSQL by its URL, or a file of SQLite, which needs no server. */
export function openDatabase(location: string): Database {
  return /^postgres(?:ql)?:/.test(location) ? openPostgres(location) : openSqlite(location);
}

function openPostgres(connectionString: string): Database {
  const pool = new pg.Pool({ connectionString });
  return {
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const result = await work(async (sql, ...parameters) => (await client.query(sql, parameters)).rows);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

/** It has one connection, so transactions wait for each other. */
function openSqlite(file: string): Database {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL');
  const run: Run = async (sql, ...parameters) =>
    database.prepare(sql).all(Object.fromEntries(parameters.map((value, i) => [`$${i + 1}`, value])));
  let last: Promise<unknown> = Promise.resolve();
  const transact = async <R>(work: (run: Run) => Promise<R>): Promise<R> => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = await work(run);
      database.exec('COMMIT');
      return result;
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  };
  return {
    transaction(work) {
      const next = last.then(() => transact(work));
      last = next.catch(() => {});
      return next;
    },
    async close() {
      await last;
      database.close();
    },
  };
}
