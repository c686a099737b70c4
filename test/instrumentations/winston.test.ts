import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import winston from 'winston';
import { winston as instrumentation } from '../../src/instrumentations/winston.js';
import { record } from '../support/recorder.js';
import { inTrace, newTraceId } from '../support/trace.js';

record(instrumentation);

function linesOf(log: (logger: winston.Logger) => void): string[] {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  log(winston.createLogger({ transports: [new winston.transports.Stream({ stream })] }));
  return lines;
}

test('a line inside a trace has its ids, also of a child, and what was passed is not changed', () => {
  const id = newTraceId();
  const ids = { trace_id: id, span_id: 'b7ad6b7169203331', trace_flags: '01' };
  const passed = { level: 'info', message: 'c' };
  const lines = linesOf((logger) =>
    inTrace(id, () => {
      logger.info('a');
      logger.child({ b: 1 }).warn('b', { more: 2 });
      logger.log(passed);
    }),
  );

  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', message: 'a', ...ids },
    { level: 'warn', message: 'b', b: 1, more: 2, ...ids },
    { level: 'info', message: 'c', ...ids },
  ]);
  expect(Object.keys(passed)).toEqual(['level', 'message']);
});

test('an error keeps its class and gets the ids', () => {
  const id = newTraceId();
  const [line = ''] = linesOf((logger) =>
    inTrace(id, () => logger.error(Object.assign(new RangeError('no'), { code: 7 }))),
  );

  expect(JSON.parse(line)).toMatchObject({ level: 'error', code: 7, trace_id: id });
});

test('a field of the application stays, and outside a trace nothing is added', () => {
  const lines = linesOf((logger) => {
    inTrace(newTraceId(), () => logger.info('a', { trace_id: 'mine' }));
    logger.info('b', { c: 1 });
  });

  expect(lines.map((line) => line.trim())).toEqual([
    '{"level":"info","message":"a","trace_id":"mine"}',
    '{"c":1,"level":"info","message":"b"}',
  ]);
});
