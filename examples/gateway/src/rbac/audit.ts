import { trace } from '@opentelemetry/api';
import type { Why } from '../refusal.ts';

/** Who asked for what, and what came of it. */
export interface AuditEvent {
  readonly decision: 'allow' | 'deny';
  readonly why: Why | 'role';
  readonly method: string;
  /** As the client has sent it, without the query. */
  readonly path: string;
  /** The method of gRPC. */
  readonly rpc: string;
  /** Unknown where nobody vouches for the request. */
  readonly subject?: string;
  readonly client?: string;
  readonly role?: string;
  readonly permission?: string | undefined;
}

/** Writes an event as a line of JSON, with the trace that it belongs to if there is one. */
export function audit(event: AuditEvent): void {
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  const line = { event: 'access', time: new Date().toISOString(), ...event, trace_id: traceId };
  console.log(JSON.stringify(line));
}
