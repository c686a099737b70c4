import type { CallKind, CallSystem } from '../../src/instrumentation.js';
import { conventionOf } from '../../src/semconv/convention.js';

/** The attributes of a call's span that must be the labels of its series, by their names in the conventions. */
export function labelsOf(kind: CallKind, attributes: Record<string, unknown>): Record<string, unknown> {
  const present = conventionOf(systemOf(attributes), kind).labels.filter(
    (name) => attributes[name] !== undefined,
  );
  return Object.fromEntries(present.map((name) => [name, attributes[name]]));
}

/** What a span with these attributes is a call of. */
export function systemOf(attributes: Record<string, unknown>): CallSystem {
  if (attributes['temporal.transport'] !== undefined) return 'temporal-rpc';
  const route = attributes['temporal.route'];
  if (typeof route !== 'string') return attributes['rpc.system.name'] === undefined ? 'http' : 'grpc';
  if (attributes['temporal.local'] !== undefined) return 'temporal-activity';
  // What comes out of a workflow knows the attempt of its run; a client does not.
  if (attributes['temporal.attempt'] === undefined) return 'temporal-client';
  return /^(?:Run|Handle)/.test(route) ? 'temporal-workflow' : 'temporal-outbound';
}

/** A set of labels as text, the same for the same labels in whatever order. */
export function textOf(labels: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
