import type { CallConvention } from '../../src/semconv/convention.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../src/semconv/http.js';
import { RPC_CLIENT, RPC_SERVER } from '../../src/semconv/rpc.js';
import {
  TEMPORAL_ACTIVITY,
  TEMPORAL_CLIENT,
  TEMPORAL_OUTBOUND,
  TEMPORAL_RPC,
  TEMPORAL_WORKFLOW,
} from '../../src/semconv/temporal.js';

/** A span as it arrives at a collector, which is not told its convention. */
interface Received {
  readonly kind: string;
  readonly attributes: Record<string, unknown>;
}

/** The convention of the call that a received span must be of. */
export function conventionOf({ kind, attributes }: Received): CallConvention {
  if (attributes['temporal.transport'] !== undefined) return TEMPORAL_RPC;
  const route = attributes['temporal.route'];
  if (typeof route === 'string') return temporalConventionOf(route, attributes);
  if (attributes['rpc.system.name'] !== undefined) return kind === 'SERVER' ? RPC_SERVER : RPC_CLIENT;
  return kind === 'SERVER' ? HTTP_SERVER : HTTP_CLIENT;
}

function temporalConventionOf(route: string, attributes: Record<string, unknown>): CallConvention {
  if (attributes['temporal.local'] !== undefined) return TEMPORAL_ACTIVITY;
  // The spans of a workflow have the attempt of its run; those of a client have none.
  if (attributes['temporal.attempt'] === undefined) return TEMPORAL_CLIENT;
  return /^(?:Run|Handle)/.test(route) ? TEMPORAL_WORKFLOW : TEMPORAL_OUTBOUND;
}

/** The series that counted a call with these attributes, as text: the histogram and the labels. */
export function seriesText(
  { histogram, labels }: CallConvention,
  attributes: Record<string, unknown>,
): string {
  return `${histogram} ${textOf(labelsOf({ labels }, attributes))}`;
}

/** Those of the attributes that are labels. */
export function labelsOf(
  { labels }: Pick<CallConvention, 'labels'>,
  attributes: Record<string, unknown>,
): Record<string, unknown> {
  const present = labels.filter((name) => attributes[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, attributes[name]]));
}

/** A set of labels as text, the same for the same labels in whatever order. */
export function textOf(labels: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
