import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { pino as instrumentation } from '../../src/instrumentations/pino.js';
import { record } from '../support/recorder.js';
import { inTrace, newTraceId } from '../support/trace.js';

interface Logger {
  info(...args: unknown[]): void;
  error(error: Error): void;
  child(bindings: object): Logger;
}

const require = createRequire(import.meta.url);
const options = { base: null, timestamp: false };

type Pino = (options: object, stream: object) => Logger;

const LOAD: Record<string, () => Pino> = {
  6: () => require('pino6'),
  7: () => require('pino7'),
  8: () => require('pino8'),
  9: () => require('pino9'),
  10: () => require('pino'),
};

/** Loads a copy that no instrumentation sees. */
function loadBare(load: () => Pino): Pino {
  const loaded = Object.keys(require.cache);
  const pino = load();
  for (const path of Object.keys(require.cache)) if (!loaded.includes(path)) delete require.cache[path];
  return pino;
}

const bare = new Map(Object.entries(LOAD).map(([version, load]) => [version, loadBare(load)]));
record(instrumentation);

describe.each(Object.entries(LOAD))('pino %s', (version, load) => {
  const pino = load();

  function linesOf(create: Pino, log: (logger: Logger) => void, more: object = {}): string[] {
    const lines: string[] = [];
    log(create({ ...options, ...more }, { write: (line: string) => lines.push(line) }));
    return lines;
  }

  test('a line inside a trace has its ids, also of a child, of an error and in a nested key', () => {
    const id = newTraceId();
    const log = (logger: Logger) =>
      inTrace(id, () => {
        logger.info('a');
        logger.child({ b: 1 }).info({ c: '"trace_id":1' }, 'text "trace_id": 2');
        logger.error(new Error('e'));
      });
    const ids = { trace_id: id, span_id: 'b7ad6b7169203331', trace_flags: '01' };
    const lines = linesOf(pino, log);

    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0] ?? '')).toEqual({ level: 30, msg: 'a', ...ids });
    for (const line of lines) expect(JSON.parse(line)).toMatchObject(ids);
    expect(JSON.parse(linesOf(pino, log, { nestedKey: 'p' })[1] ?? '')).toMatchObject({ ...ids, b: 1 });
  });

  test('a field of the application stays', () => {
    const lines = linesOf(pino, (logger) =>
      inTrace(newTraceId(), () => {
        logger.info({ trace_id: 'mine' }, 'a');
        logger.child({ trace_id: 'mine' }).info('b');
      }),
    );

    expect(lines).toEqual([
      '{"level":30,"trace_id":"mine","msg":"a"}\n',
      '{"level":30,"trace_id":"mine","msg":"b"}\n',
    ]);
  });

  test('outside a trace the lines are those of an untouched pino, byte for byte', () => {
    const log = (logger: Logger) => {
      logger.info('a %s', 'b');
      logger.child({ c: 1 }).info({ d: new Date(0), e: [1] }, 'f');
      logger.info(null);
    };

    const create = bare.get(version);
    expect(create).not.toBe(pino);
    expect(linesOf(pino, log)).toEqual(linesOf(create as Pino, log));
  });
});
