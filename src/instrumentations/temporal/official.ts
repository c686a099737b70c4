/**
 * Whether an interceptor belongs to Temporal's own tracing: `@temporalio/interceptors-opentelemetry`, v1 or v2. If so,
 * that tracing makes the spans and carries the trace context, and Redhook only counts.
 */
export function isOfficial(interceptor: object): boolean {
  return String(interceptor?.constructor?.name).startsWith('OpenTelemetry');
}

/** Whether a worker's workflow bundle contains Temporal's own tracing. */
export function includesOfficial(code: string): boolean {
  return /interceptors-opentelemetry(?:-v2)?\/(?:lib|src)\/workflow/.test(code);
}
