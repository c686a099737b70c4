/** Which route of which service is slow or fails, whatever its protocol. */
import { dashboard } from '../dashboard.mts';
import { redPanels } from '../red-panels.mts';

const CHOSEN = '{service_name=~"$service", route=~"$route", kind=~"$kind"}';
const LEGEND = '{{service_name}} {{kind}} {{route}}';

export const red = dashboard({
  uid: 'redhook-red',
  title: 'Redhook: requests by route',
  description: 'Rate, errors and duration of every kind of call, by route. Needs the recording rules.',
  services: 'redhook:requests:rate5m',
  variables: { kind: 'kind', route: 'route' },
  rows: {
    'Every kind of call': [
      {
        title: 'Requests',
        description: 'Calls per second, over five minutes.',
        unit: 'reqps',
        queries: { [LEGEND]: `redhook:requests:rate5m${CHOSEN}` },
      },
      {
        title: 'Errors',
        description: 'The share of calls that failed, over five minutes. The line is an objective of 99 %.',
        unit: 'percentunit',
        max: 1,
        threshold: 0.01,
        queries: { [LEGEND]: `redhook:error_ratio:rate5m${CHOSEN}` },
      },
      {
        title: 'Duration, p95',
        description: 'The duration that 95 % of the calls stay below.',
        unit: 's',
        threshold: 1,
        queries: { [LEGEND]: `redhook:duration_seconds:p95_5m${CHOSEN}` },
      },
      {
        title: 'Duration, p50 and p99',
        description: 'The median, and the duration that 99 % of the calls stay below.',
        unit: 's',
        queries: {
          [`p50 ${LEGEND}`]: `redhook:duration_seconds:p50_5m${CHOSEN}`,
          [`p99 ${LEGEND}`]: `redhook:duration_seconds:p99_5m${CHOSEN}`,
        },
      },
    ],
    'HTTP servers': redPanels(
      'HTTP server',
      'http_server_request_duration_seconds',
      'http_route',
      'http_route=~"$route"',
    ),
    'HTTP clients': redPanels('HTTP client', 'http_client_request_duration_seconds', 'server_address'),
  },
});
