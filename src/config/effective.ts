import type { Switchable } from '../instrumentation.js';
import type { Config, ConsoleExporter, OtlpExporter, PrometheusExporter, Signal } from './config.js';
import type { Origins } from './origins.js';
import type { Value } from './resolve.js';
import { mayHoldSecret } from './secret-key.js';
import { general, instrumentationSettings, metrics, type Setting, traces } from './settings.js';

/** One value of the effective configuration. */
export interface EffectiveValue {
  /** The keys that lead to it in the short form; a number is the place in a list. */
  readonly keys: readonly (string | number)[];
  /** As the short form writes it, without secrets. */
  readonly value: string | number | boolean | readonly unknown[];
  /** `default`, variables, `file:line:column`, or what it was derived from. */
  readonly origin: string;
}

const REDACTED = '***';
const DEFAULT = 'default';
const FROM_PACKAGE = 'package.json of the application';
const FROM_ENDPOINT = 'follows from the endpoint';
const OTLP = { traces: traces.otlp, metrics: metrics.otlp };

type Exporter = OtlpExporter | ConsoleExporter | PrometheusExporter;

/** Every value that Redhook works with, in the order of the short form. */
export function effectiveValues(
  config: Config,
  origins: Origins,
  switchable: readonly Switchable[],
): EffectiveValue[] {
  const { sampler, limits, keep } = config.traces;
  const queue = config.traces.exporters.find((each) => each.type === 'otlp')?.queue;
  const push = config.metrics.exporters.find((each) => each.type === 'otlp');
  const { capturedHeaders: headers, trust } = config;
  const of = <T>(setting: Setting<T>, value: T): EffectiveValue => ({
    keys: (setting.path ?? '').split('.'),
    value: written(setting, value),
    origin: originOf(origins.of(setting)),
  });
  return [
    ...exportersOf('traces', config.traces.exporters, origins),
    ...(sampler.name === 'parentbased'
      ? []
      : [of(traces.sampler, sampler.name), of(traces.ratio, sampler.ratio)]),
    of(traces.rules, config.traces.rules),
    of(traces.keepErrors, keep?.errors ?? traces.keepErrors.default),
    of(traces.keepSlowerThan, keep?.slowerThanMs ?? traces.keepSlowerThan.default),
    of(traces.keepSpans, keep?.spans ?? traces.keepSpans.default),
    of(traces.keepSpansPerTrace, keep?.spansPerTrace ?? traces.keepSpansPerTrace.default),
    ...(queue === undefined
      ? []
      : [
          of(traces.queueSize, queue.maxSize),
          of(traces.queueBatch, queue.maxBatch),
          of(traces.queueDelay, queue.delayMs),
        ]),
    of(traces.maxAttributes, limits.attributeCount),
    of(traces.maxAttributeLength, limits.attributeValueLength),
    of(traces.maxEvents, limits.eventCount),
    of(traces.maxLinks, limits.linkCount),
    of(traces.maxEventAttributes, limits.eventAttributeCount),
    of(traces.maxLinkAttributes, limits.linkAttributeCount),
    ...exportersOf('metrics', config.metrics.exporters, origins),
    ...(config.metrics.livePage === undefined ? [] : [of(metrics.livePage, config.metrics.livePage)]),
    ...(config.metrics.discovery === undefined ? [] : [of(metrics.discovery, config.metrics.discovery)]),
    ...(push === undefined
      ? []
      : [of(metrics.interval, push.intervalMs), of(metrics.temporality, push.temporality)]),
    of(metrics.exemplars, config.metrics.exemplars),
    of(metrics.maxRoutes, config.metrics.maxRoutes),
    of(metrics.maxSeries, config.metrics.maxSeries),
    ...switchesOf(config, origins, switchable),
    serviceName(config, origins),
    ...resourceOf(config, origins),
    of(general.resourceDetectors, config.resourceDetection.detectors),
    of(general.propagators, config.propagators),
    of(general.incoming, trust.incoming),
    of(general.outgoing, trust.outgoing),
    of(general.knownMethods, config.knownMethods),
    of(general.serverRequestHeaders, headers.serverRequest),
    of(general.serverResponseHeaders, headers.serverResponse),
    of(general.clientRequestHeaders, headers.clientRequest),
    of(general.clientResponseHeaders, headers.clientResponse),
    of(general.propagateDeadlines, config.propagateDeadlines),
    of(general.visibility, config.visibility),
    of(general.exitTimeout, config.exitTimeoutMs),
    of(general.exitSignals, config.exitSignals),
    of(general.logLevel, config.logLevel),
    of(general.workerThreads, config.workerThreads),
    of(general.reload, config.reload),
  ];
}

function exportersOf(signal: Signal, exporters: readonly Exporter[], origins: Origins): EffectiveValue[] {
  const list = signal === 'traces' ? origins.of(traces.exporters) : origins.of(metrics.exporters);
  if (exporters.length === 0) return [{ keys: [signal, 'exporters'], value: [], origin: originOf(list) }];
  const turns = { otlp: 0, prometheus: 0, console: 0 };
  return exporters.flatMap((exporter, index) => {
    const turn = turns[exporter.type]++;
    return detailsOf(exporter, signal, turn, origins).map((each) => ({
      keys: [signal, 'exporters', index, exporter.type, ...each.keys],
      value: each.value,
      origin: each.origin === DEFAULT && exporter.type !== 'otlp' ? originOf(list) : each.origin,
    }));
  });
}

function detailsOf(exporter: Exporter, signal: Signal, turn: number, origins: Origins): EffectiveValue[] {
  if (exporter.type === 'otlp') return otlp(exporter, OTLP[signal], turn, origins);
  if (exporter.type === 'console') return [{ keys: [], value: true, origin: DEFAULT }];
  const { prometheusHost, prometheusPort, prometheus } = metrics;
  const places: Value<unknown>[] = [
    ...origins.of(prometheusHost, turn),
    ...origins.of(prometheusPort, turn),
    ...origins.of(prometheus, turn),
  ];
  return [{ keys: [], value: written(prometheus, exporter), origin: originOf(places) }];
}

function otlp(
  exporter: OtlpExporter,
  settings: (typeof OTLP)[Signal],
  turn: number,
  origins: Origins,
): EffectiveValue[] {
  const detail = <T>(setting: Setting<T>, value: T, otherwise = DEFAULT): EffectiveValue => ({
    keys: [(setting.path ?? '').split('.').at(-1) ?? ''],
    value: written(setting, value),
    origin: originOf(origins.of(setting, turn), otherwise),
  });
  const ifGiven = <T>(setting: Setting<T | undefined>, value: T | undefined): EffectiveValue[] =>
    value === undefined ? [] : [detail(setting, value)];
  const headers = detail(settings.headers, {});
  return [
    detail(settings.endpoint, exporter.endpoint),
    detail(settings.protocol, exporter.protocol, exporter.protocol === 'grpc' ? DEFAULT : FROM_ENDPOINT),
    ...Object.keys(exporter.headers).map((name) => ({
      keys: [...headers.keys, name],
      value: REDACTED,
      origin: headers.origin,
    })),
    detail(settings.compression, exporter.compression),
    detail(settings.timeout, exporter.timeoutMs),
    ...ifGiven(settings.certificate, exporter.certificate),
    ...ifGiven(settings.clientKey, exporter.clientKey),
    ...ifGiven(settings.clientCertificate, exporter.clientCertificate),
  ];
}

/** The last word has the list of those that are off, then the list of those that alone are on, then the file. */
function switchesOf(
  { instrumentations }: Config,
  origins: Origins,
  switchable: readonly Switchable[],
): EffectiveValue[] {
  const settings = instrumentationSettings(switchable);
  const disabled = origins.of(settings.disabled);
  const enabled = origins.of(settings.enabled);
  const listed = origins.of(settings.listed);
  return Object.entries(instrumentations).map(([name, isOn]) => {
    const sources = [...disabled, ...(enabled.length > 0 ? enabled : listed)];
    const source = sources.find((each) => Object.hasOwn(each.value, name));
    return {
      keys: ['instrumentations', name],
      value: isOn,
      origin: (source ?? enabled[0])?.where ?? DEFAULT,
    };
  });
}

function serviceName({ serviceName }: Config, origins: Origins): EffectiveValue {
  const otherwise = serviceName === general.serviceName.default ? DEFAULT : FROM_PACKAGE;
  return {
    keys: ['service', 'name'],
    value: serviceName,
    origin: originOf(origins.of(general.serviceName), otherwise),
  };
}

/** Each attribute comes from the strongest source that has it. */
function resourceOf({ resourceAttributes }: Config, origins: Origins): EffectiveValue[] {
  const sources = origins.of(general.resourceAttributes);
  return Object.entries(resourceAttributes).map(([name, value]) => {
    const source = sources.find((each) => Object.hasOwn(each.value, name));
    const isVersion = name === 'service.version' && source === undefined;
    return {
      keys: isVersion ? ['service', 'version'] : ['resource', 'attributes', name],
      value: mayHoldSecret(name) ? REDACTED : value,
      origin: source?.where ?? originOf(isVersion ? origins.of(general.serviceVersion) : []),
    };
  });
}

function originOf(places: readonly Value<unknown>[], otherwise = DEFAULT): string {
  const [first, ...overridden] = places.map(({ where }) => where);
  if (first === undefined) return otherwise;
  return overridden.length === 0 ? first : `${first}, over ${overridden.join(', ')}`;
}

/** Numbers and booleans as such, everything else as its type prints it. */
function written<T>({ type }: Setting<T>, value: T): EffectiveValue['value'] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'boolean') return value;
  const text = type.show(value);
  return typeof value === 'number' && text === String(value) ? value : text;
}
