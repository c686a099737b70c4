import { expect, test } from 'vitest';
import { familyName, isLegacy, labelName, unitWord } from '../../../src/telemetry/prometheus/names.js';

test.each([
  ['s', 'seconds'],
  ['ms', 'milliseconds'],
  ['By', 'bytes'],
  ['KiBy', 'kibibytes'],
  ['kBy', 'kilobytes'],
  ['%', 'percent'],
  ['Cel', 'celsius'],
  ['1', ''],
  ['', ''],
  ['{request}', ''],
  ['{request}/s', 'per_second'],
  ['By/s', 'bytes_per_second'],
  ['m/min', 'meters_per_minute'],
  ['By{heap}', 'bytes'],
  ['1/s', 'per_second'],
  ['widgets', 'widgets'],
  ['a-b c', 'a_b_c'],
  ['constructor', 'constructor'],
])('unit %j becomes %j', (unit, word) => {
  expect(unitWord(unit)).toBe(word);
});

test.each([
  ['http.server.request.duration', 'seconds', false, 'http_server_request_duration_seconds'],
  ['nodejs.eventloop.utilization', '', false, 'nodejs_eventloop_utilization'],
  ['nodejs.eventloop.time', 'seconds', true, 'nodejs_eventloop_time_seconds'],
  ['job.wait_seconds', 'seconds', false, 'job_wait_seconds'],
  ['job.seconds', 'seconds', false, 'job_seconds'],
  ['nanoseconds', 'seconds', false, 'nanoseconds_seconds'],
  ['seconds', 'seconds', false, 'seconds_seconds'],
  ['orders.total', '', true, 'orders'],
  ['orders_total', 'bytes', true, 'orders_bytes'],
  ['orders.bytes.total', 'bytes', true, 'orders_bytes'],
  ['subtotal', '', true, 'subtotal'],
  ['queue.total', '', false, 'queue_total'],
  ['a..b--c__d', '', false, 'a_b_c_d'],
  ['2xx', '', false, '_2xx'],
  ['größe', 'bytes', false, 'gr_e_bytes'],
  ['rule:name', '', false, 'rule_name'],
  ['', '', false, '_'],
])('%s with unit %j (counter: %s) becomes %s', (name, unit, isCounter, expected) => {
  expect(familyName(name, unit, isCounter, { scheme: 'legacy', suffixes: true })).toBe(expected);
});

test('UTF-8 names only get suffixes', () => {
  expect(familyName('foo.bar', 'bytes', true, { scheme: 'utf8', suffixes: true })).toBe('foo.bar_bytes');
  expect(familyName('foo.bytes.total', 'bytes', true, { scheme: 'utf8', suffixes: true })).toBe('foo.bytes');
  expect(labelName('http.route', 'utf8')).toBe('http.route');
});

test('labels are translated to the legacy scheme', () => {
  expect(['http.route', '2nd', '__name__', 'a b', 'ok_1', ''].map((key) => labelName(key, 'legacy'))).toEqual(
    ['http_route', '_2nd', '_name_', 'a_b', 'ok_1', '_'],
  );
});

test('only names in the legacy scheme need no quotes', () => {
  expect(['a_1', '_a', '1a', 'a.b', 'a:b', ''].map(isLegacy)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
