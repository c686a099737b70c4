import type {
  InstrumentationModuleDefinition,
  Instrumentation as Upstream,
} from '@opentelemetry/instrumentation';
import type { PackageTarget } from '../instrumentation.js';
import { databaseTracer } from './database-tracer.js';

/** An instrumentation of OpenTelemetry. What it patches is protected. */
type Adopted = Upstream & { init(): InstrumentationModuleDefinition | InstrumentationModuleDefinition[] };

/**
 * Lets an instrumentation of OpenTelemetry patch a library that Redhook has none of its own for. It hooks nothing by
 * itself, and what it takes for client spans become Calls, with all that belongs to them.
 *
 * @param create must leave it disabled: `new MemcachedInstrumentation({ enabled: false })`
 */
export function adopt(create: () => Upstream): PackageTarget['attach'] {
  return (exports, calls, guard) => {
    const instrumentation = create() as Adopted;
    instrumentation.setTracerProvider({ getTracer: () => databaseTracer(calls, guard) });
    for (const { patch } of [instrumentation.init()].flat()) patch?.(exports);
  };
}
