/**
 * Whether an interceptor is of Temporal's own tracing, `@temporalio/interceptors-opentelemetry` of either generation:
 * then that makes the spans and carries the trace, and Redhook only counts.
 */
export function isOfficial(interceptor: object): boolean {
  return String(interceptor?.constructor?.name).startsWith('OpenTelemetry');
}

/** Whether it is in the bundle of a worker's workflows. */
export function isOfficialIn(code: string): boolean {
  return /interceptors-opentelemetry(?:-v2)?\/(?:lib|src)\/workflow/.test(code);
}
