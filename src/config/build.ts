import type { Switchable } from '../instrumentation.js';
import type { Config, KeepConfig, ResourceDetector } from './config.js';
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
    resourceDetection: resourceDetection(sources),
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
      rules: get(traces.rules),
      keep: keep(sources),
      limits: {
        attributeCount: get(traces.maxAttributes),
        attributeValueLength: get(traces.maxAttributeLength),
        eventCount: get(traces.maxEvents),
        linkCount: get(traces.maxLinks),
        eventAttributeCount: get(traces.maxEventAttributes),
        linkAttributeCount: get(traces.maxLinkAttributes),
      },
    },
    metrics: {
      exporters: metricExporters(sources),
      ...given('livePage', get(metrics.livePage)),
      ...given('discovery', get(metrics.discovery)),
      exemplars: get(metrics.exemplars),
      maxRoutes: get(metrics.maxRoutes),
      maxSeries: get(metrics.maxSeries),
    },
    knownMethods: get(general.knownMethods),
    propagateDeadlines: get(general.propagateDeadlines),
    visibility: get(general.visibility),
    instrumentations: instrumentations(sources),
    workerThreads: get(general.workerThreads),
    reload: get(general.reload),
    exitTimeoutMs: get(general.exitTimeout),
    exitSignals: get(general.exitSignals),
  };
}

function given<K extends string, T>(key: K, value: T | undefined): { readonly [key in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: T });
}

const DETECTORS: readonly ResourceDetector[] = ['container', 'host', 'os', 'process', 'service'];

function resourceDetection(sources: Sources): Config['resourceDetection'] {
  const named = resolve(general.resourceDetectors, sources).value;
  const isNamed = (name: ResourceDetector): boolean => named.includes('all') || named.includes(name);
  return { detectors: DETECTORS.filter(isNamed), attributes: {} };
}

/**
 * `service.name` in `OTEL_RESOURCE_ATTRIBUTES` acts as `OTEL_SERVICE_NAME` when that variable is not set. Among the
 * attributes of the file it names the service if nothing else does.
 */
function service(
  sources: Sources,
  packageName: string | undefined,
): Pick<Config, 'serviceName' | 'resourceAttributes'> {
  const version = resolve(general.serviceVersion, sources).value;
  const { explicit } = resolve(general.resourceAttributes, sources);
  const named = explicit.find(({ value }) => value['service.name']);
  const isVariable = named?.where === 'OTEL_RESOURCE_ATTRIBUTES';
  const fromResource = named?.value['service.name'];

  const isNamedApart = Boolean(sources.env['OTEL_SERVICE_NAME']?.trim());
  const fallback = isVariable ? packageName : (fromResource ?? packageName);
  const { value: serviceName } =
    isVariable && !isNamedApart
      ? resolve(
          { ...general.serviceName, env: ['OTEL_RESOURCE_ATTRIBUTES'] },
          { ...sources, env: { OTEL_RESOURCE_ATTRIBUTES: fromResource } },
          fallback,
        )
      : resolve(general.serviceName, sources, fallback);
  const { 'service.name': _, ...resourceAttributes } = {
    ...(version !== '' && { 'service.version': version }),
    ...Object.assign({}, ...explicit.toReversed().map(({ value }) => value)),
  };
  return { serviceName, resourceAttributes };
}

function keep(sources: Sources): KeepConfig | undefined {
  const config = {
    errors: resolve(traces.keepErrors, sources).value,
    slowerThanMs: resolve(traces.keepSlowerThan, sources).value,
    spans: resolve(traces.keepSpans, sources).value,
    spansPerTrace: resolve(traces.keepSpansPerTrace, sources).value,
  };
  return config.errors || config.slowerThanMs < Infinity ? config : undefined;
}

function instrumentations(sources: Sources): Record<string, boolean> {
  const { switchable } = sources;
  const all = (isOn: (each: Switchable) => boolean) =>
    Object.fromEntries(switchable.map((each) => [each.name, isOn(each)]));
  const settings = instrumentationSettings(switchable);
  const listed = resolve(settings.listed, sources).value;
  const enabled = resolve(settings.enabled, sources);
  const disabled = resolve(settings.disabled, sources).value;
  const base =
    enabled.explicit.length > 0
      ? { ...all(() => false), ...enabled.value }
      : { ...all(({ isOptIn }) => !isOptIn), ...listed };
  return { ...base, ...disabled };
}
