import type { Config, QueueConfig } from './config.js';
import { metricExporters, traceExporters } from './exporters.js';
import { resolve, type Sources } from './resolve.js';
import { general, instrumentationSettings, metrics, type Setting, traces } from './settings.js';

/** Builds the configuration from its sources. `packageName` is the service name if no source sets one. */
export function buildConfig(sources: Sources, packageName: string | undefined): Config {
  const get = <T>(setting: Setting<T>): T => resolve(setting, sources).value;
  return {
    enabled: !get(general.disabled),
    logLevel: get(general.logLevel),
    ...service(sources, packageName),
    propagators: get(general.propagators),
    trust: { incoming: get(general.incoming), outgoing: get(general.outgoing) },
    capturedHeaders: {
      serverRequest: get(general.serverRequestHeaders),
      serverResponse: get(general.serverResponseHeaders),
      clientRequest: get(general.clientRequestHeaders),
      clientResponse: get(general.clientResponseHeaders),
    },
    traces: {
      exporters: traceExporters(sources),
      sampler: { name: get(traces.sampler), ratio: get(traces.ratio) },
      queue: queue(sources),
      limits: {
        attributeCount: get(traces.maxAttributes),
        attributeValueLength: get(traces.maxAttributeLength),
        eventCount: get(traces.maxEvents),
        linkCount: get(traces.maxLinks),
      },
    },
    metrics: {
      exporters: metricExporters(sources),
      exportIntervalMs: get(metrics.interval),
      exemplars: get(metrics.exemplars),
      maxRoutes: get(metrics.maxRoutes),
      maxSeries: get(metrics.maxSeries),
    },
    knownMethods: get(general.knownMethods),
    propagateDeadlines: get(general.propagateDeadlines),
    visibility: get(general.visibility),
    instrumentations: instrumentations(sources),
    exitTimeoutMs: get(general.exitTimeout),
    exitSignals: get(general.exitSignals),
  };
}

/** `service.name` in `OTEL_RESOURCE_ATTRIBUTES` acts as `OTEL_SERVICE_NAME` when that variable is not set. */
function service(
  sources: Sources,
  packageName: string | undefined,
): Pick<Config, 'serviceName' | 'resourceAttributes'> {
  const attributes = resolve(general.resourceAttributes, sources).value;
  const { 'service.name': fromResource, ...resourceAttributes } = attributes;
  const OTEL_SERVICE_NAME = sources.env['OTEL_SERVICE_NAME']?.trim() || fromResource;
  const named = { ...sources, env: { OTEL_SERVICE_NAME } };
  return { serviceName: resolve(general.serviceName, named, packageName).value, resourceAttributes };
}

function queue(sources: Sources): QueueConfig {
  const size = resolve(traces.queueSize, sources).value;
  const batch = resolve(traces.queueBatch, sources);
  const [explicit] = batch.explicit;
  if (explicit !== undefined && explicit.value > size) {
    sources.report({
      severity: 'error',
      where: explicit.where,
      found: `"${explicit.value}"`,
      expected: `at most ${size}, the size of the queue`,
      now: `using ${size}`,
    });
  }
  return {
    maxSize: size,
    maxBatch: Math.min(batch.value, size),
    delayMs: resolve(traces.queueDelay, sources).value,
  };
}

function instrumentations(sources: Sources): Record<string, boolean> {
  const { switchable } = sources;
  const all = (on: boolean) => Object.fromEntries(switchable.map(({ name }) => [name, on]));
  const settings = instrumentationSettings(switchable);
  const listed = resolve(settings.listed, sources).value;
  const enabled = resolve(settings.enabled, sources);
  const disabled = resolve(settings.disabled, sources).value;
  const base =
    enabled.explicit.length > 0 ? { ...all(false), ...enabled.value } : { ...all(true), ...listed };
  return { ...base, ...disabled };
}
