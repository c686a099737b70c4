/** The recording rules. They give every kind of call the same three labels: service_name, route and kind. */
import { KINDS, type Kind } from './kinds.mts';

interface Rule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** Windows of the burn-rate alerts. */
const WINDOWS = ['30m', '1h', '6h'];
const QUANTILES = [0.5, 0.95, 0.99];

export function rules(): Rules {
  return {
    groups: [
      ...KINDS.map((kind) => ({ name: `redhook-${kind.kind.replace('_', '-')}`, rules: rulesOf(kind) })),
      { name: 'redhook-ratios', rules: ratios() },
      {
        name: 'redhook-http-client-requests',
        rules: [
          {
            record: 'http_client_requests_total',
            expr:
              'sum by (service_name, http_request_method, server_address, http_response_status_code, error_type) ' +
              '(http_client_request_duration_seconds_count)',
          },
        ],
      },
    ],
  };
}

function rulesOf({ kind, histogram, route }: Kind): Rule[] {
  const rate = (suffix: string, filter: string, ...by: string[]): string =>
    `sum by (${['service_name', 'route', ...by].join(', ')}) (` +
    `label_replace(rate(${histogram}_${suffix}${filter}[5m]), "route", "$1", "${route}", "(.*)"))`;
  const labels = { kind };
  return [
    { record: 'redhook:requests:rate5m', expr: rate('count', ''), labels },
    { record: 'redhook:errors:rate5m', expr: rate('count', '{error_type!=""}'), labels },
    { record: 'redhook:duration_seconds_bucket:rate5m', expr: rate('bucket', '', 'le'), labels },
  ];
}

function ratios(): Rule[] {
  return [
    // Without `or`, a route that has never failed would have no ratio.
    {
      record: 'redhook:error_ratio:rate5m',
      expr: '(redhook:errors:rate5m or redhook:requests:rate5m * 0) / (redhook:requests:rate5m > 0)',
    },
    ...WINDOWS.map((window) => ({
      record: `redhook:error_ratio:rate${window}`,
      expr:
        `sum_over_time(redhook:errors:rate5m[${window}]) / ` +
        `(sum_over_time(redhook:requests:rate5m[${window}]) > 0)`,
    })),
    ...QUANTILES.map((quantile) => ({
      record: `redhook:duration_seconds:p${quantile * 100}_5m`,
      expr:
        `histogram_quantile(${quantile}, ` +
        'sum by (le, service_name, route, kind) (redhook:duration_seconds_bucket:rate5m))',
    })),
  ];
}
