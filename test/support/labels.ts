import type { CallConvention } from '../../src/semconv/convention.js';
import { HTTP_CLIENT, HTTP_SERVER } from '../../src/semconv/http.js';
import { RPC_CLIENT, RPC_SERVER } from '../../src/semconv/rpc.js';
import {
  TEMPORAL_ACTIVITY,
  TEMPORAL_CLIENT,
  TEMPORAL_NEXUS,
  TEMPORAL_OUTBOUND,
  TEMPORAL_RPC,
  TEMPORAL_WORKFLOW,
} from '../../src/semconv/temporal.js';

/** A span as a collector receives it, without its convention. */
interface Received {
  readonly kind: string;
  readonly attributes: Record<string, unknown>;
}

/** Infers the convention of the call from a received span. */
export function conventionOf({ kind, attributes }: Received): CallConvention {
  if (attributes['temporal.transport'] !== undefined) return TEMPORAL_RPC;
  const route = attributes['temporal.route'];
  if (typeof route === 'string') return temporalConventionOf(route, attributes);
  if (attributes['rpc.system.name'] !== undefined) return kind === 'SERVER' ? RPC_SERVER : RPC_CLIENT;
  return kind === 'SERVER' ? HTTP_SERVER : HTTP_CLIENT;
}

function temporalConventionOf(route: string, attributes: Record<string, unknown>): CallConvention {
  if (attributes['temporal.local'] !== undefined) return TEMPORAL_ACTIVITY;
  if (/^Run(?:Start|Cancel)NexusOperation:/.test(route)) return TEMPORAL_NEXUS;
  // The spans of a workflow carry the attempt of its run. Those of a client carry none.
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

/** The attributes that are labels. */
export function labelsOf(
  { labels }: Pick<CallConvention, 'labels'>,
  attributes: Record<string, unknown>,
): Record<string, unknown> {
  const present = labels.filter((name) => attributes[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, attributes[name]]));
}

/** A set of labels as text. The order of the labels does not matter. */
export function textOf(labels: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
