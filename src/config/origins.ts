import type { Observe, Value } from './resolve.js';
import type { Setting } from './settings.js';

/** Where the values of settings come from. */
export interface Origins {
  /**
   * What the sources set, by descending precedence. Empty where the default applies.
   *
   * @param turn which of several exporters of one kind, counted from 0.
   */
  of<T>(setting: Setting<T>, turn?: number): readonly Value<T>[];
}

export interface OriginCollector extends Origins {
  readonly observe: Observe;
}

/** Collects origins while a configuration is built. */
export function collectOrigins(): OriginCollector {
  const read = new Map<string, (readonly Value<unknown>[])[]>();
  return {
    of: <T>(setting: Setting<T>, turn = 0) => (read.get(keyOf(setting))?.[turn] ?? []) as readonly Value<T>[],
    observe(setting, { explicit }) {
      const key = keyOf(setting);
      read.set(key, [...(read.get(key) ?? []), explicit]);
    },
  };
}

/** Some settings are read as copies with another type. */
function keyOf({ path, env = [] }: Pick<Setting<never>, 'path' | 'env'>): string {
  return path ?? env.join();
}
