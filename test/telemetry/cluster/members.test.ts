import { readdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processId } from '../../../src/process-id.js';
import { CallFile } from '../../../src/telemetry/cluster/call-file.js';
import { openDirectory } from '../../../src/telemetry/cluster/directory.js';
import { callsPath, type MemberId, Members, snapshotPath } from '../../../src/telemetry/cluster/members.js';
import { merge } from '../../../src/telemetry/cluster/merge.js';
import { snapshotOf, writeSnapshot } from '../../../src/telemetry/cluster/snapshot.js';
import { createInternalMetrics } from '../../../src/telemetry/metrics/internal.js';
import { createRed } from '../../../src/telemetry/metrics/red.js';
import { SCOPE } from '../../../src/telemetry/scope.js';
import { callsInto } from '../../support/sdk-metrics.js';

const OWN = processId(process.pid) ?? '';
let directory: string;
beforeEach(() => {
  directory = openDirectory({ primary: OWN, port: 1, serviceName: `members of ${OWN}` });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A worker with calls on one route, a counter and a gauge. */
function member(id: MemberId, route: string, calls: number): void {
  const file = new CallFile(callsPath(directory, id));
  const red = createRed({ maxRoutes: 9, maxSeries: 9, exemplars: 'always_on' }, (...args) =>
    file.add(...args),
  );
  const call = callsInto(red);
  for (let i = 0; i < calls; i += 1)
    call({ route, duration: 1, span: { traceId: id, spanId: id, traceFlags: 1 } });
  const internal = createInternalMetrics();
  internal.counter('jobs', '', '').add(calls);
  internal.gauge({ name: 'load', description: '', unit: '', read: () => [{ value: calls, attributes: {} }] });
  const metrics = [...internal.metrics(), ...red.metrics()];
  writeSnapshot(snapshotPath(directory, id), 0, snapshotOf([{ scope: SCOPE, metrics }]));
  file.close();
}

/** Name, attributes and value (of a histogram its count) of each series. */
function read(members: Members, except?: MemberId): [string, object, unknown][] {
  return merge(members.read(except))
    .flatMap(({ metrics }) => metrics)
    .flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }): [string, object, unknown] => [
        descriptor.name,
        attributes,
        typeof value === 'number' ? value : value.count,
      ]),
    )
    .filter(([name]) => name !== 'redhook.red.overflow')
    .sort(([a], [b]) => (a > b ? -1 : Number(a !== b)));
}

const DURATION = 'http.server.request.duration';
const route = (name: string): unknown => expect.objectContaining({ 'http.route': name });

test('all that run are read, and each can leave itself out', () => {
  member(`1_${OWN}`, '/a', 2);
  member(`2_${OWN}`, '/a', 3);
  const members = new Members(directory, 100);

  expect(members.living().sort()).toEqual([`1_${OWN}`, `2_${OWN}`]);
  expect(read(members)).toEqual([
    ['load', { worker: '1' }, 2],
    ['load', { worker: '2' }, 3],
    ['jobs', {}, 5],
    [DURATION, route('/a'), 5],
  ]);
  expect(read(members, `1_${OWN}`)).toContainEqual([DURATION, route('/a'), 3]);
});

test('exemplars of a snapshot join the calls', () => {
  member(`1_${OWN}`, '/a', 1);
  const points = new Members(directory, 100)
    .read()
    .flatMap(({ metrics }) => metrics.flatMap((each) => each.dataPoints as object[]));

  expect(points).toContainEqual(
    expect.objectContaining({ exemplars: [expect.objectContaining({ traceId: `1_${OWN}` })] }),
  );
});

test('the counts of those that have ended stay, and their gauges go', () => {
  member('1_999999.1', '/a', 2);
  member(`2_${OWN}`, '/a', 3);
  const members = new Members(directory, 100);
  const expected = [
    ['load', { worker: '2' }, 3],
    ['jobs', {}, 5],
    [DURATION, route('/a'), 5],
  ];
  expect(read(members)).toEqual(expected);

  for (let again = 0; again < 3; again += 1) {
    members.absorb();
    expect(read(members)).toEqual(expected);
    expect(read(new Members(directory, 100))).toEqual(expected);
  }
  const files = readdirSync(directory).filter((name) => name.includes('.'));
  expect(files.sort()).toEqual([`2_${OWN}.calls`, `2_${OWN}.json`, 'ended-1.json']);
});

test('any number of ended members takes the room of one', () => {
  const members = new Members(directory, 5);
  for (let i = 1; i <= 20; i += 1) {
    member(`${i}_999999.${i}`, `/${i}`, 1);
    new Members(directory, 5).absorb();
  }
  const calls = read(members).filter(([name]) => name === DURATION);
  expect(calls).toHaveLength(6);
  expect(calls.find(([, attributes]) => 'otel.metric.overflow' in attributes)).toEqual([
    DURATION,
    { 'otel.metric.overflow': true },
    15,
  ]);
  expect(readdirSync(directory).filter((name) => name.includes('.'))).toEqual(['ended-20.json']);
});

test('members that are absorbed while others read and absorb are counted once', () => {
  for (let i = 1; i <= 10; i += 1) member(`${i}_999999.${i}`, '/a', 1);
  const [reader, first, second] = [1, 2, 3].map(() => new Members(directory, 100)) as [
    Members,
    Members,
    Members,
  ];
  first.absorb();
  member('11_999999.11', '/a', 1);
  second.absorb();
  first.absorb();

  expect(read(reader)).toContainEqual([DURATION, route('/a'), 11]);
});

test('a broken file costs what it holds', () => {
  member(`1_${OWN}`, '/a', 2);
  member(`2_${OWN}`, '/a', 3);
  rmSync(snapshotPath(directory, `1_${OWN}`));
  const calls = read(new Members(directory, 100));
  expect(calls).toContainEqual([DURATION, route('/a'), 5]);
  expect(calls).toContainEqual(['jobs', {}, 3]);
});
