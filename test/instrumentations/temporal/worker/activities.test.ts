import { expect, test } from 'vitest';
import type { Instrumentation } from '../../../../src/instrumentation.js';
import {
  addActivityNames,
  observeActivities,
} from '../../../../src/instrumentations/temporal/worker/activities.js';
import { ActivitiesInFlight } from '../../../../src/instrumentations/temporal/worker/in-flight.js';
import { TEMPORAL_ACTIVITY } from '../../../../src/semconv/temporal.js';
import { record } from '../../../support/recorder.js';

class Activity {
  readonly fn: unknown;
  readonly info: object;
  readonly interceptors = { inbound: [] };
  readonly context = { cancellationSignal: new AbortController().signal };

  constructor(activityType: string, fn?: unknown) {
    this.info = {
      activityType,
      taskQueue: 'test',
      isLocal: false,
      scheduledTimestampMs: 1,
      currentAttemptScheduledTimestampMs: 1,
      scheduleToCloseTimeoutMs: 1000,
    };
    this.fn = fn;
  }

  execute(fn: () => Promise<unknown>, _input: object): Promise<unknown> {
    return fn();
  }
}

const instrumentation: Instrumentation = {
  name: 'temporal-worker',
  observes: '',
  conventions: [TEMPORAL_ACTIVITY],
  targets: [],
};
const recorder = record(instrumentation);
observeActivities(Activity.prototype, new ActivitiesInFlight(), recorder.calls, (fn) => fn);

const charge = async (): Promise<string> => 'charged';

test('an activity in a unit test, where nobody has registered it, has the name of its function', async () => {
  expect(await new Activity('unknown').execute(charge, {})).toBe('charged');
  await new Activity('unknown').execute(async () => {}, {});
  await new Activity('pay').execute(charge, {});
  await new Activity('unknown', charge).execute(charge, {});

  const routes = (await recorder.take(4)).map(({ route }) => route);
  expect(routes).toEqual([
    'RunActivity:charge',
    'RunActivity:unknown',
    'RunActivity:pay',
    'RunActivity:unknown',
  ]);
});

test('an activity in a unit test has no deadline, because it was never scheduled', async () => {
  let mocked: number | undefined;
  let real: number | undefined;
  await new Activity('unknown').execute(async () => {
    mocked = recorder.calls.deadline;
  }, {});
  await new Activity('charge', charge).execute(async () => {
    real = recorder.calls.deadline;
  }, {});

  expect([mocked, real]).toEqual([undefined, 1001]);
  await recorder.take(2);
});

test('a name that only the default activity of a worker handles is not a label', async () => {
  const byDefault = async (): Promise<void> => {};
  addActivityNames(
    new Map([
      ['default', byDefault],
      ['pay', byDefault],
    ]),
  );
  await new Activity('chosen by a caller', byDefault).execute(byDefault, {});
  await new Activity('pay', byDefault).execute(byDefault, {});

  const routes = (await recorder.take(2)).map(({ route }) => route);
  expect(routes).toEqual(['RunActivity:_OTHER', 'RunActivity:pay']);
});
