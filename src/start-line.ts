import type { Config, MetricsConfig, OtlpExporter, TracesConfig } from './config/config.js';
import { redactedEndpoint } from './config/diagnostic.js';
import type { Instrumentation } from './instrumentation.js';
import { version } from './version.js';

/** The line that Redhook prints at start: where telemetry goes, where metrics are served, what is instrumented. */
export function startLine(config: Config, instrumentations: readonly Instrumentation[]): string {
  const { serviceName, traces, metrics } = config;
  const enabled = instrumentations.map(({ name }) => name).filter((name) => config.instrumentations[name]);
  const parts = {
    service: serviceName,
    traces: list(traces.exporters.map(describeTraces)),
    metrics: list(metrics.exporters.map(describeMetrics)),
    instrumented: list(grouped(enabled)),
  };
  return `${version}: ${Object.entries(parts)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`;
}

function describeTraces(exporter: TracesConfig['exporters'][number]): string {
  if (exporter.type === 'console') return 'console';
  return describeOtlp(exporter);
}

function describeMetrics(exporter: MetricsConfig['exporters'][number]): string {
  // Tools and other processes with nothing to measure never open it.
  if (exporter.type === 'prometheus') return `${exporter.host}:${exporter.port}${exporter.path} on first use`;
  return describeOtlp(exporter);
}

function describeOtlp({ protocol, endpoint }: OtlpExporter): string {
  return `otlp ${protocol} ${redactedEndpoint(endpoint)}`;
}

const SIDE = /^(.+)-(?:server|client|worker)$/;

/** A protocol with both of its sides is shown by its name alone: `http`. */
function grouped(names: readonly string[]): string[] {
  const shown = names.map((name) => {
    const [, protocol] = SIDE.exec(name) ?? [];
    const both =
      ['server', 'worker'].some((side) => names.includes(`${protocol}-${side}`)) &&
      names.includes(`${protocol}-client`);
    return both && protocol !== undefined ? protocol : name;
  });
  return [...new Set(shown)];
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.join(',');
}
