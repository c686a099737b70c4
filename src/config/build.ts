import type { Config, QueueConfig } from './config.js';
import { metricExporters, traceExporters } from './exporters.js';
import { resolve, type Sources } from './resolve.js';
import { general, metrics, type Setting, switchesOf, traces } from './settings.js';

/** Makes the configuration out of its sources. `packageName` is the service's name when nobody gives it one. */
export function buildConfig(sources: Sources, packageName: string | undefined): Config {
  const get = <T>(setting: Setting<T>): T => resolve(setting, sources).value;
  return {
    enabled: !get(general.disabled),
    logLevel: get(general.logLevel),
    ...service(sources, packageName),
    propagators: get(general.propagators),
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
  };
}

/** `service.name` among the resource attributes is as good as `OTEL_SERVICE_NAME`, when that is not set. */
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
  const [given] = batch.given;
  if (given !== undefined && given.value > size) {
    sources.report({
      severity: 'error',
      where: given.where,
      found: `"${given.value}"`,
      expected: `at most the size of the queue, ${size}`,
      now: `${size} is used`,
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
  const settings = switchesOf(switchable);
  const listed = resolve(settings.listed, sources).value;
  const enabled = resolve(settings.enabled, sources);
  const disabled = resolve(settings.disabled, sources).value;
  const base = enabled.given.length > 0 ? { ...all(false), ...enabled.value } : { ...all(true), ...listed };
  return { ...base, ...disabled };
}
