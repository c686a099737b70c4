import type { Calls, Instrumentation } from '../instrumentation.js';

/**
 * Calls as an instrumentation sees them that can be turned off while the process runs. Its patches stay; while it is off
 * it opens no call, names none, and has nothing to write into logs. Calls that are open already end as usual.
 */
export function switchedCalls(calls: Calls, { conventions }: Instrumentation, isOn: () => boolean): Calls {
  // The bundle leaves them out where there are any: scripts/chunks.mts.
  const isRouter = conventions?.length === 0;
  return Object.create(calls, {
    open: { value: (...args: Parameters<Calls['open']>) => (isOn() ? calls.open(...args) : undefined) },
    recordEnded: {
      value(...args: Parameters<Calls['recordEnded']>) {
        if (isOn()) calls.recordEnded(...args);
      },
    },
    logFields: { get: () => (isOn() ? calls.logFields : undefined) },
    deadline: { get: () => (isOn() ? calls.deadline : undefined) },
    ...(isRouter && {
      of: { value: (subject: object) => (isOn() ? calls.of(subject) : undefined) },
      current: { get: () => (isOn() ? calls.current : undefined) },
    }),
  });
}
