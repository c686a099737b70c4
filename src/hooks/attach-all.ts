import { switchedCalls } from '../calls/switched-calls.js';
import type { Calls, Instrumentation } from '../instrumentation.js';
import type { Live } from '../live.js';
import { attach } from './attach.js';
import type { InstrumentationGuard } from './guard.js';
import { mayBeLoaded } from './may-be-loaded.js';
import { type ObservedCopy, observedCopies } from './package.js';

/** Which instrumentations are on, by name. */
interface Switches {
  readonly instrumentations: Readonly<Record<string, boolean>>;
}

/** What has become of an instrumentation. */
export interface InstrumentationState {
  readonly name: string;
  /** `failed`: faults of its own have turned it off, for good or for a while. `waiting`: its library is not loaded. */
  readonly state: 'on' | 'off' | 'failed' | 'waiting';
  /** The copies of its libraries that it observes. Empty for one that needs no library. */
  readonly libraries: readonly ObservedCopy[];
}

export interface Attached {
  /** Attaches those that have been turned on since. Returns the names of those for whose libraries it is too late. */
  attachMissing(): readonly string[];
  states(): readonly InstrumentationState[];
}

/** Attaches the instrumentations that are on. */
export function attachAll(
  all: readonly Instrumentation[],
  calls: Calls,
  settings: Live<Switches>,
  { mayChange }: { readonly mayChange: boolean },
): Attached {
  const attached = new Map<Instrumentation, InstrumentationGuard>();
  const isOn = ({ name }: Instrumentation): boolean => settings.current.instrumentations[name] === true;

  function attachOne(each: Instrumentation): void {
    attached.set(each, attach(each, mayChange ? switchedCalls(calls, each, () => isOn(each)) : calls));
  }

  for (const each of all) if (isOn(each)) attachOne(each);
  return {
    attachMissing() {
      const missing = all.filter((each) => isOn(each) && !attached.has(each));
      const late = missing.filter(mayBeLoaded);
      for (const each of missing) if (!late.includes(each)) attachOne(each);
      return late.map(({ name }) => name);
    },
    states: () =>
      all.map((each) => {
        const guard = attached.get(each);
        const libraries = librariesOf(each);
        const isWaiting = libraries.length === 0 && each.targets.every((target) => 'package' in target);
        const on = isWaiting ? 'waiting' : 'on';
        const attachedAs = guard?.isOff() ? 'failed' : on;
        return {
          name: each.name,
          state: guard !== undefined && isOn(each) ? attachedAs : 'off',
          libraries,
        };
      }),
  };
}

function librariesOf({ targets }: Instrumentation): ObservedCopy[] {
  return observedCopies().filter(({ name }) =>
    targets.some((target) => 'package' in target && target.package === name),
  );
}
