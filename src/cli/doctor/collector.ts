import { resourceFromAttributes } from '@opentelemetry/resources';
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Config, OtlpExporter, Signal } from '../../config/config.js';
import { redactedEndpoint } from '../../config/diagnostic.js';
import { serializeSpans } from '../../telemetry/otlp/encoding/sdk-serializers.js';
import type { ExportResponse } from '../../telemetry/otlp/transport/export-response.js';
import { openTransport } from '../../telemetry/otlp/transport/open-transport.js';
import type { Finding } from './finding.js';

const MAX_WAIT_MS = 5_000;
const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

/** What to do about a reason, where the reason does not say it itself after a semicolon. */
const FIXES: readonly [RegExp, string][] = [
  [
    /HTTP 401|HTTP 403|UNAUTHENTICATED|PERMISSION_DENIED/,
    'set the credentials in OTEL_EXPORTER_OTLP_HEADERS (authorization=Bearer%20...), or mend those that are set',
  ],
  [/ECONNREFUSED/, `nothing listens there: start the collector, or set ${ENDPOINT} to where it listens`],
  [/ENOTFOUND|EAI_AGAIN/, `the name of the host cannot be resolved: mend it in ${ENDPOINT}`],
  [
    /HTTP 404|UNIMPLEMENTED/,
    `the collector has no receiver for this signal there: check the path of ${ENDPOINT}`,
  ],
  [
    /no answer|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no connection/,
    'a firewall may be in between: open the way to this address',
  ],
  [
    /HTTP 429|HTTP 5|UNAVAILABLE|RESOURCE_EXHAUSTED/,
    'the collector is overloaded or not ready: look at its own log',
  ],
];

/** Sends a span, and an empty request of metrics, to every collector of the configuration. */
export async function examineCollectors({
  enabled,
  traces,
  metrics,
  serviceName,
}: Config): Promise<Finding[]> {
  if (!enabled) return [];
  const span = testSpan(serviceName);
  const attempts = [
    ...traces.exporters.map((exporter) => ({
      exporter,
      signal: 'traces' as const,
      body: serializeSpans([span]),
    })),
    ...metrics.exporters.map((exporter) => ({
      exporter,
      signal: 'metrics' as const,
      body: new Uint8Array(),
    })),
  ];
  return Promise.all(
    attempts.flatMap(({ exporter, signal, body }) =>
      exporter.type === 'otlp' ? [examineCollector(exporter, signal, body, span)] : [],
    ),
  );
}

async function examineCollector(
  exporter: OtlpExporter,
  signal: Signal,
  body: Uint8Array,
  span: ReadableSpan,
): Promise<Finding> {
  const timeoutMs = Math.min(exporter.timeoutMs, MAX_WAIT_MS);
  const where = `${redactedEndpoint(exporter.endpoint)} (${exporter.protocol})`;
  const transport = openTransport({ ...exporter, timeoutMs }, signal);
  // The transport does not keep a process alive.
  const alive = setInterval(() => {}, MAX_WAIT_MS);
  try {
    const response = await transport.send([body]);
    if (response.status !== 'success') return refusal(response, signal, where);
    const sent =
      signal === 'traces' ? `has taken a test span, trace ${span.spanContext().traceId}` : 'answers';
    return { check: 'collector', severity: 'ok', message: `${signal}: ${where} ${sent}` };
  } finally {
    clearInterval(alive);
    transport.close();
  }
}

function refusal(
  response: Exclude<ExportResponse, { status: 'success' }>,
  signal: Signal,
  where: string,
): Finding {
  const [reason = '', ...advice] = response.reason.split('; ');
  const isAnswer = response.status === 'failure' || response.progress === 'answered';
  const known = FIXES.find(([pattern]) => pattern.test(reason))?.[1];
  return {
    check: 'collector',
    severity: 'error',
    message: `${signal}: ${where} ${isAnswer ? 'refuses' : 'cannot be reached'}: ${reason}`,
    fix:
      advice.length > 0 ? advice.join('; ') : (known ?? `check ${ENDPOINT} and OTEL_EXPORTER_OTLP_PROTOCOL`),
  };
}

function testSpan(serviceName: string): ReadableSpan {
  const resource = resourceFromAttributes({ 'service.name': serviceName });
  const span = new TracerProvider({ resource }).getTracer('redhook').startSpan('redhook doctor');
  span.end();
  return span as unknown as ReadableSpan;
}
