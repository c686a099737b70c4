import type { ViewConfig } from '../../config/config.js';
import { log } from '../../log.js';
import { type CallConvention, DURATION_UNIT, defineConvention } from '../../semconv/convention.js';
import { includesName, matcher } from '../include-exclude.js';
import { SCOPE } from '../scope.js';

/** One way in which calls of a convention are counted. */
export interface CallStream {
  readonly convention: CallConvention;
  /** Whether it has all labels of the convention, as the spans have. */
  readonly isWhole: boolean;
  readonly maxSeries?: number;
}

/**
 * How the calls of a convention are counted, by the views that match its histogram. Without any, in the one usual way.
 *
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk/#view
 */
export function callStreams(convention: CallConvention, views: readonly ViewConfig[]): readonly CallStream[] {
  const matching = views.filter(({ selector }) => selects(selector, convention));
  if (matching.length === 0) return [{ convention, isWhole: true }];
  return matching.flatMap(({ stream }) => streamOf(convention, stream) ?? []);
}

function selects(selector: ViewConfig['selector'], { histogram }: CallConvention): boolean {
  const actual = {
    instrument_type: 'histogram',
    unit: DURATION_UNIT,
    meter_name: SCOPE.name,
    meter_version: SCOPE.version,
    meter_schema_url: SCOPE.schemaUrl,
  };
  const { instrument_name: pattern, ...others } = selector;
  const isSame = Object.entries(others).every(([key, value]) => value === actual[key as keyof typeof actual]);
  return isSame && (pattern === undefined || matcher(pattern)(histogram));
}

function streamOf(convention: CallConvention, stream: ViewConfig['stream']): CallStream | undefined {
  const { aggregation = { type: 'default' }, attribute_keys: keys = {} } = stream;
  if (aggregation.type === 'drop') return undefined;
  if (aggregation.type !== 'default' && aggregation.type !== 'explicit_bucket_histogram')
    log.warn(
      `metrics: a view wants ${aggregation.type} for ${convention.histogram}, expected explicit_bucket_histogram, ` +
        'drop or default; its buckets stay as they are',
    );
  const labels = convention.labels.filter(includesName(keys));
  const boundaries = 'boundaries' in aggregation ? aggregation.boundaries : undefined;
  return {
    convention: defineConvention({
      ...convention,
      labels,
      histogram: stream.name ?? convention.histogram,
      description: stream.description ?? convention.description,
      ...(boundaries !== undefined && { boundaries }),
    }),
    isWhole: labels.length === convention.labels.length,
    ...(stream.aggregation_cardinality_limit !== undefined && {
      maxSeries: stream.aggregation_cardinality_limit,
    }),
  };
}
