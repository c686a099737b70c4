import type { Calls, Instrumentation } from '../instrumentation.js';
import { attachBuiltin } from './builtin.js';
import { attachChannel } from './channel.js';
import { attachModule } from './es-module.js';
import { createGuard, type InstrumentationGuard } from './guard.js';
import { attachPackage } from './package.js';
import { attachTracingChannel } from './tracing-channel.js';

/** Attaches every target of an instrumentation. They share one guard, which it returns. */
export function attach(instrumentation: Instrumentation, calls: Calls): InstrumentationGuard {
  const guard = createGuard(instrumentation.name);
  const attachAll = guard.attaching(() => {
    for (const target of instrumentation.targets) {
      if ('tracing' in target) attachTracingChannel(target, calls, guard);
      else if ('channel' in target) attachChannel(target, calls, guard);
      else if ('module' in target) attachModule(target, calls, guard);
      else if ('package' in target) attachPackage(target, calls, guard);
      else attachBuiltin(target, calls, guard);
    }
  });
  attachAll();
  return guard;
}
