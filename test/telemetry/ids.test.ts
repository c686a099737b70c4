import { expect, test } from 'vitest';
import { GivenIds } from '../../src/telemetry/ids.js';

test('the span that is started inside has the ids that were given, others have random ones', () => {
  const ids = new GivenIds();
  const generate = (): string[] => [ids.generateSpanId(), ids.generateTraceId()];
  const random = [expect.stringMatching(/^[0-9a-f]{16}$/), expect.stringMatching(/^[0-9a-f]{32}$/)];

  expect(ids.give({ traceId: 'trace', spanId: 'span' }, generate)).toEqual(['span', 'trace']);
  expect(generate()).toEqual(random);
  expect(ids.give(undefined, generate)).toEqual(random);
});

test('ids are given once, also when nothing could be started', () => {
  const ids = new GivenIds();
  const fail = (): never => {
    throw new Error('not started');
  };

  expect(() => ids.give({ traceId: 'trace', spanId: 'span' }, fail)).toThrow('not started');
  expect(ids.generateSpanId()).not.toBe('span');
});
