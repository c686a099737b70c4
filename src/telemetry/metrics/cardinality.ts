import type { InstrumentType, PeriodicExportingMetricReaderOptions } from '@opentelemetry/sdk-metrics';
import type { CardinalityLimits } from '../../config/config.js';

/** What the SDK takes without a limit. */
const DEFAULT_LIMIT = 2_000;

/** The limits as a reader of the SDK asks for them. */
export function cardinalitySelector(limits: CardinalityLimits): (type: InstrumentType) => number {
  return (type) => limits[type.toLowerCase() as keyof CardinalityLimits] ?? limits.default ?? DEFAULT_LIMIT;
}

type SdkLimits = NonNullable<PeriodicExportingMetricReaderOptions['cardinalityLimits']>;

/** The limits as the periodic reader of the SDK wants them. */
export function sdkCardinalityLimits(limits: CardinalityLimits): SdkLimits {
  const camelCase = (name: string): string => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [camelCase(name), limit]));
}
