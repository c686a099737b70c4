import { metrics } from '@opentelemetry/api';
import type { Circuits, Place } from './breaker/circuits.ts';
import type { Why } from './refusal.ts';

/** Without an SDK these do nothing. */
const meter = metrics.getMeter('gateway');
const authFailures = meter.createCounter('gateway.auth.failures', {
  description: 'Requests that nobody vouches for.',
  unit: '{request}',
});
const denials = meter.createCounter('gateway.access.denials', {
  description: 'Requests whose caller may not make them.',
  unit: '{request}',
});
const rejections = meter.createCounter('gateway.breaker.rejections', {
  description: 'Requests that were refused because a circuit is open.',
  unit: '{request}',
});
const reloads = meter.createCounter('gateway.policy.reloads', {
  description: 'Changes of the file of the policy.',
  unit: '{change}',
});
const states = meter.createObservableGauge('gateway.breaker.state', {
  description: 'Whether circuits are closed (0), half open (1) or open (2).',
});

const STATES = { closed: 0, half_open: 1, open: 2 };

export function countAuthFailure(reason: Why): void {
  authFailures.add(1, { reason });
}

export function countDenial(reason: Why): void {
  denials.add(1, { reason });
}

export function countRejection(place: Place): void {
  rejections.add(1, attributesOf(place));
}

export function countReload(isValid: boolean): void {
  reloads.add(1, { valid: isValid });
}

/** Reports the states of circuits until the function that it returns is called. */
export function reportStates(circuits: Circuits): () => void {
  const report: Parameters<typeof states.addCallback>[0] = (result) => {
    for (const [place, state] of circuits) result.observe(STATES[state], attributesOf(place));
  };
  states.addCallback(report);
  return () => states.removeCallback(report);
}

/** Method and route have the names that spans have them by. */
function attributesOf({ role, method, route }: Place): Record<string, string> {
  return { role, 'http.request.method': method, 'http.route': route };
}
