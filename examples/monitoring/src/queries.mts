/** Queries that more than one dashboard has. */
const SERVICE = 'service_name=~"$service"';

export function rate(counter: string, by: string, filter = ''): string {
  return `sum by (${by}) (rate(${counter}{${matchers(filter)}}[$__rate_interval]))`;
}

export function quantile(q: number, histogram: string, by: string, filter = ''): string {
  return `histogram_quantile(${q}, ${rate(`${histogram}_bucket`, `le, ${by}`, filter)})`;
}

/** The share of calls that failed. */
export function errorRatio(histogram: string, by: string, filter = ''): string {
  const all = rate(`${histogram}_count`, by, filter);
  const failed = rate(`${histogram}_count`, by, [filter, 'error_type!=""'].filter(Boolean).join(', '));
  return `(${failed} or ${all} * 0) / ${all}`;
}

export function gauge(aggregate: string, metric: string, by: string, filter = ''): string {
  return `${aggregate} by (${by}) (${metric}{${matchers(filter)}})`;
}

function matchers(filter: string): string {
  return [SERVICE, filter].filter(Boolean).join(', ');
}
