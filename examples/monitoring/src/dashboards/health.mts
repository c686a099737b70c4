/** Whether what the other dashboards show is complete. */
import { dashboard } from '../dashboard.mts';
import { gauge, rate } from '../queries.mts';

export const health = dashboard({
  uid: 'redhook-health',
  title: 'Redhook: its own health',
  description: 'Scrapes, dropped spans, series limits and the reload of the configuration.',
  services: 'target_info',
  rows: {
    Metrics: [
      {
        title: 'Scrapes answered',
        description: 'By status of the answer.',
        unit: 'reqps',
        queries: {
          '{{service_name}} {{http_response_status_code}}': rate(
            'redhook_metrics_scrapes_total',
            'service_name, http_response_status_code',
          ),
        },
      },
      {
        title: 'Calls beyond the series limits',
        description:
          'Calls counted in an overflow series, because a histogram has too many routes or series.',
        unit: 'reqps',
        threshold: 0.001,
        queries: {
          '{{service_name}} {{reason}}': rate('redhook_red_overflow_total', 'service_name, reason'),
        },
      },
    ],
    Traces: [
      {
        title: 'Spans dropped',
        description:
          'Spans that did not reach the collector: it was down (`undeliverable`), refused them (`rejected`), ' +
          'or was too slow (`queue_full`).',
        unit: 'short',
        threshold: 0.001,
        queries: {
          '{{service_name}} {{reason}}': rate('redhook_spans_dropped_total', 'service_name, reason'),
        },
      },
    ],
    Configuration: [
      {
        title: 'Configuration in force',
        description: '1 if the file in its last state is in force, 0 if its last change was refused.',
        unit: 'short',
        max: 1,
        queries: {
          '{{service_name}}': gauge('min', 'redhook_config_last_reload_successful', 'service_name'),
        },
      },
    ],
  },
});
