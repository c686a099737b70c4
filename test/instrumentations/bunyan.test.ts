import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { bunyan as instrumentation } from '../../src/instrumentations/bunyan.js';
import { record } from '../support/recorder.js';
import { inTrace, newTraceId } from '../support/trace.js';

interface Logger {
  info(...args: unknown[]): void;
  child(fields: object): Logger;
}

const require = createRequire(import.meta.url);
record(instrumentation);

interface Bunyan {
  createLogger(options: object): Logger;
}

describe.each<[string, Bunyan]>([
  ['1', require('bunyan1')],
  ['2', require('bunyan')],
])('bunyan %s', (_, { createLogger }) => {
  function linesOf(log: (logger: Logger) => void): Record<string, unknown>[] {
    const lines: string[] = [];
    log(createLogger({ name: 'app', stream: { write: (line: string) => lines.push(line) } }));
    return lines.map((line) => JSON.parse(line));
  }

  test('a record inside a trace has its ids, also of a child', () => {
    const id = newTraceId();
    const lines = linesOf((logger) =>
      inTrace(id, () => {
        logger.info('a');
        logger.child({ b: 1 }).info({ c: 2 }, 'd');
      }),
    );

    const ids = { trace_id: id, span_id: 'b7ad6b7169203331', trace_flags: '01' };
    expect(lines).toMatchObject([
      { msg: 'a', ...ids },
      { msg: 'd', b: 1, c: 2, ...ids },
    ]);
  });

  test('a field of the application stays, and outside a trace nothing is added', () => {
    const lines = linesOf((logger) => {
      inTrace(newTraceId(), () => logger.info({ trace_id: 'mine' }, 'a'));
      logger.info('b');
    });

    expect(lines[0]).toMatchObject({ trace_id: 'mine' });
    expect(lines[0]).not.toHaveProperty('span_id');
    expect(Object.keys(lines[1] ?? {})).toEqual(['name', 'hostname', 'pid', 'level', 'msg', 'time', 'v']);
  });
});
