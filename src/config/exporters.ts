import type {
  ConsoleExporter,
  OtlpExporter,
  OtlpMetricExporter,
  OtlpSpanExporter,
  PageConfig,
  PrometheusExporter,
  QueueConfig,
  Signal,
} from './config.js';
import { quote, redactedEndpoint } from './diagnostic.js';
import { type Resolved, resolve, type Sources } from './resolve.js';
import { metrics, type Setting, traces } from './settings.js';
import { valuesBelow } from './source/short-form.js';
import type { Env } from './source/substitute.js';
import { endpoint } from './types/endpoint.js';
import type { ExporterRequest } from './types/exporter-list.js';
import type { Pairs } from './types/key-values.js';

const OTLP_SETTINGS = { traces: traces.otlp, metrics: metrics.otlp };
const OTLP_HTTP_PORT = '4318';
const SIGNAL_PATH = /\/v1\/(?:traces|metrics)\/?$/;

export function traceExporters(sources: Sources): (OtlpSpanExporter | ConsoleExporter)[] {
  const queue = queueOf(sources);
  const exporters = requested(traces.exporters, sources).map(
    (request): OtlpSpanExporter | ConsoleExporter => {
      const own = within('traces', request, sources);
      if (request.name === 'otlp') return { ...otlpExporter('traces', own), queue };
      // `console` has no settings. This only reports an invalid value.
      resolve(traces.console, own);
      return { type: 'console', ...colour(sources.env) };
    },
  );
  return distinct(exporters);
}

export function metricExporters(sources: Sources): (PrometheusExporter | OtlpMetricExporter)[] {
  const push = {
    intervalMs: resolve(metrics.interval, sources).value,
    temporality: resolve(metrics.temporality, sources).value,
    histogramAggregation: resolve(metrics.histogramAggregation, sources).value,
  };
  const exporters = requested(metrics.exporters, sources).map((request) => {
    const own = within('metrics', request, sources);
    return request.name === 'otlp' ? { ...otlpExporter('metrics', own), ...push } : prometheusExporter(own);
  });
  return distinct(exporters);
}

function queueOf(sources: Sources): QueueConfig {
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

/**
 * The conventions that many programs share: `NO_COLOR`, and `FORCE_COLOR`, which overrides it.
 *
 * @see https://no-color.org
 */
function colour({ FORCE_COLOR, NO_COLOR }: Env): Pick<ConsoleExporter, 'colour'> {
  if (FORCE_COLOR) return { colour: FORCE_COLOR !== '0' && FORCE_COLOR !== 'false' };
  return NO_COLOR ? { colour: false } : {};
}

/**
 * The exporters to create. The list in the environment replaces the list in the file; an exporter in both keeps its
 * settings from the file. An exporter that only the file lists is reported, because turning it off may be unintended:
 * the OpenTelemetry operator sets `OTEL_METRICS_EXPORTER=otlp` by itself.
 */
function requested<Name extends string>(
  setting: Setting<readonly ExporterRequest<Name>[]>,
  sources: Sources,
): readonly ExporterRequest<Name>[] {
  const { value, explicit } = resolve(setting, sources);
  const [inEnvironment, inFile] = explicit;
  if (inEnvironment === undefined || inFile === undefined) return value;

  const names = value.map(({ name }) => name);
  const off = distinct(inFile.value.map(({ name }) => name)).filter((name) => !names.includes(name));
  if (off.length > 0) {
    const { where } = inEnvironment;
    const effect = `${off.join(' and ')} ${off.length > 1 ? 'are' : 'is'} off`;
    const advice = names.length > 0 ? `; ${where}=${[...names, ...off].join(',')} keeps it` : '';
    const message = `${where}=${names.join(',') || 'none'} overrides ${inFile.where}: ${effect}${advice}`;
    sources.report({ severity: 'info', where, message });
  }
  return value.flatMap((request) => {
    const detailed = inFile.value.filter(({ name }) => name === request.name);
    return detailed.length > 0 ? detailed : [request];
  });
}

/** The same sources, but with only this exporter's part of the file. */
function within(signal: Signal, { name, details }: ExporterRequest, sources: Sources): Sources {
  const path = `${signal}.exporters[].${name}`;
  return {
    ...sources,
    file: details === undefined ? new Map() : valuesBelow(path, details, sources.report),
  };
}

function otlpExporter(signal: Signal, sources: Sources): OtlpExporter {
  const settings = OTLP_SETTINGS[signal];
  const get = <T>(setting: Setting<T>): T => resolve(setting, sources).value;

  const insecure = resolve(settings.insecure, sources);
  const scheme = insecure.explicit.length === 0 ? undefined : insecure.value ? 'http' : 'https';
  const base = resolve({ ...settings.endpoint, type: endpoint(scheme) }, sources);
  const protocol = resolve(settings.protocol, sources, protocolOf(base.value)).value;
  const certificate = get(settings.certificate);
  const clientKey = get(settings.clientKey);
  const clientCertificate = get(settings.clientCertificate);
  return {
    type: 'otlp',
    protocol,
    endpoint: protocol === 'grpc' ? grpcUrl(base, sources) : signalUrl(base, signal),
    headers: merged(settings.headers, sources),
    compression: get(settings.compression),
    timeoutMs: get(settings.timeout),
    ...(certificate !== undefined && { certificate }),
    ...(clientKey !== undefined && { clientKey }),
    ...(clientCertificate !== undefined && { clientCertificate }),
  };
}

/** The pairs of all variables; the more specific variable wins for each key. Without variables, those of the file. */
function merged(setting: Setting<Pairs>, sources: Sources): Pairs {
  const { value, explicit } = resolve(setting, sources);
  const inEnvironment = explicit.filter(({ where }) => setting.env?.includes(where));
  if (inEnvironment.length === 0) return value;
  return Object.assign({}, ...inEnvironment.reverse().map((each) => each.value));
}

/** The protocol that the collector most likely speaks, if no source sets it. */
function protocolOf(endpoint: string): OtlpExporter['protocol'] {
  const { port, pathname } = new URL(endpoint);
  return port === OTLP_HTTP_PORT || SIGNAL_PATH.test(pathname) ? 'http/protobuf' : 'grpc';
}

/** The URL of the collector over gRPC, where the method takes the place of a path. The rest of the URL has none. */
function grpcUrl({ value, explicit: [explicit] }: Resolved<string>, { report }: Sources): string {
  const { origin, pathname, search, username } = new URL(value);
  const unused = [
    ...(pathname === '/' ? [] : ['a path']),
    ...(search === '' ? [] : ['a query']),
    ...(username === '' ? [] : ['credentials']),
  ];
  if (explicit !== undefined && unused.length > 0) {
    const found = `${unused.join(' and ')} in ${quote(redactedEndpoint(value))}`;
    const expected =
      'only a scheme, a host and a port for gRPC, or OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf';
    report({ severity: 'warn', where: explicit.where, found, expected, now: `using ${origin}` });
  }
  return origin;
}

/** The URL of a signal over HTTP. The endpoint of the signal is used as is; a base endpoint is extended by its path. */
function signalUrl({ explicit: [explicit] }: Resolved<string>, signal: Signal): string {
  if (explicit === undefined) return `http://localhost:${OTLP_HTTP_PORT}/v1/${signal}`;
  if (explicit.where === OTLP_SETTINGS[signal].endpoint.env?.[0]) return explicit.value;
  const url = new URL(explicit.value);
  // A base endpoint often already ends in the path of a signal, although it should not.
  url.pathname = `${url.pathname.replace(SIGNAL_PATH, '').replace(/\/+$/, '')}/v1/${signal}`;
  return url.href;
}

function prometheusExporter(sources: Sources): PrometheusExporter {
  const { host, port, path } = resolve(metrics.prometheus, sources).value;
  return {
    type: 'prometheus',
    host: resolve(metrics.prometheusHost, sources, host).value,
    port: resolve(metrics.prometheusPort, sources, port).value,
    path,
    page: DEFAULT_PAGE,
  };
}

/** Metrics and spans of a service have the same name for it, so that one leads to the other. */
const DEFAULT_PAGE: PageConfig = {
  resourceLabels: { included: ['service.name'] },
  scopeLabels: true,
  targetInfo: true,
  translation: 'underscore_escaping_with_suffixes',
};

/** Drops duplicates: two equal exporters would send everything twice or compete for one port. */
function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
