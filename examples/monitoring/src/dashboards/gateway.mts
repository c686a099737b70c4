/** Which circuits are open and which requests the gateway refuses. */
import { dashboard } from '../dashboard.mts';
import { gauge, rate } from '../queries.mts';

const PLACE = 'role, http_request_method, http_route';

export const gateway = dashboard({
  uid: 'redhook-gateway',
  title: 'Redhook: gateway',
  description: 'Circuit breakers and refused requests of examples/gateway.',
  services: 'target_info',
  rows: {
    'Circuit breakers': [
      {
        title: 'State',
        description: 'By role and route: closed (0), half open (1) or open (2).',
        unit: 'short',
        max: 2,
        threshold: 2,
        queries: {
          '{{role}} {{http_request_method}} {{http_route}}': gauge('max', 'gateway_breaker_state', PLACE),
        },
      },
      {
        title: 'Refused by an open circuit',
        description: 'Requests per second, by role and route.',
        unit: 'reqps',
        queries: {
          '{{role}} {{http_request_method}} {{http_route}}': rate('gateway_breaker_rejections_total', PLACE),
        },
      },
    ],
    Access: [
      {
        title: 'Token failures',
        description: 'Requests per second that nobody vouches for, by reason.',
        unit: 'reqps',
        queries: { '{{reason}}': rate('gateway_auth_failures_total', 'reason') },
      },
      {
        title: 'Denials',
        description: 'Requests per second whose caller may not make them, by reason.',
        unit: 'reqps',
        queries: { '{{reason}}': rate('gateway_access_denials_total', 'reason') },
      },
    ],
  },
});
