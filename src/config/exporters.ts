import type { ConsoleExporter, OtlpExporter, PrometheusExporter, Signal } from './config.js';
import { quote } from './diagnostic.js';
import { type Resolved, resolve, type Sources } from './resolve.js';
import { metrics, type Setting, traces } from './settings.js';
import { valuesBelow } from './source/short-form.js';
import type { Env } from './source/substitute.js';
import { endpoint } from './types/endpoint.js';
import type { ExporterRequest } from './types/exporter-list.js';

const OTLP_SETTINGS = { traces: traces.otlp, metrics: metrics.otlp };
const OTLP_HTTP_PORT = '4318';
const SIGNAL_PATH = /\/v1\/(?:traces|metrics)\/?$/;

export function traceExporters(sources: Sources): (OtlpExporter | ConsoleExporter)[] {
  const exporters = requested(traces.exporters, sources).map((request): OtlpExporter | ConsoleExporter => {
    const own = within('traces', request, sources);
    if (request.name === 'otlp') return otlpExporter('traces', own);
    // There is nothing to set; whatever was written there is checked.
    resolve(traces.console, own);
    return { type: 'console', ...colour(sources.env) };
  });
  return distinct(exporters);
}

export function metricExporters(sources: Sources): (PrometheusExporter | OtlpExporter)[] {
  const exporters = requested(metrics.exporters, sources).map((request) => {
    const own = within('metrics', request, sources);
    return request.name === 'otlp' ? otlpExporter('metrics', own) : prometheusExporter(own);
  });
  return distinct(exporters);
}

/** What the user wants of all programs alike: `NO_COLOR` (no-color.org) and `FORCE_COLOR`, which is stronger. */
function colour({ FORCE_COLOR, NO_COLOR }: Env): Pick<ConsoleExporter, 'colour'> {
  if (FORCE_COLOR) return { colour: FORCE_COLOR !== '0' && FORCE_COLOR !== 'false' };
  return NO_COLOR ? { colour: false } : {};
}

/**
 * The exporters that are asked for. The list of the environment replaces that of the file; an exporter that is in both
 * keeps the details that the file gives, and one that is lost that way is told, for it may not be meant: the
 * OpenTelemetry operator sets `OTEL_METRICS_EXPORTER=otlp` by itself.
 */
function requested<Name extends string>(
  setting: Setting<readonly ExporterRequest<Name>[]>,
  sources: Sources,
): readonly ExporterRequest<Name>[] {
  const { value, given } = resolve(setting, sources);
  const [inEnvironment, inFile] = given;
  if (inEnvironment === undefined || inFile === undefined) return value;

  const names = value.map(({ name }) => name);
  const lost = distinct(inFile.value.map(({ name }) => name)).filter((name) => !names.includes(name));
  if (lost.length > 0) {
    sources.report({
      severity: 'info',
      where: inEnvironment.where,
      found: quote(names.join(',') || 'none'),
      expected: `${quote([...names, ...lost].join(','))} to keep what ${inFile.where} asks for`,
      now: `${lost.join(' and ')} is off`,
    });
  }
  return value.flatMap((request) => {
    const detailed = inFile.value.filter(({ name }) => name === request.name);
    return detailed.length > 0 ? detailed : [request];
  });
}

/** The same environment, and of the file what was said about this one exporter. */
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
  const scheme = insecure.given.length === 0 ? undefined : insecure.value ? 'http' : 'https';
  const base = resolve({ ...settings.endpoint, type: endpoint(scheme) }, sources);
  const protocol = resolve(settings.protocol, sources, protocolOf(base.value)).value;
  const certificate = get(settings.certificate);
  const clientKey = get(settings.clientKey);
  const clientCertificate = get(settings.clientCertificate);
  return {
    type: 'otlp',
    protocol,
    endpoint: protocol === 'grpc' ? new URL(base.value).origin : signalUrl(base, signal),
    headers: get(settings.headers),
    compression: get(settings.compression),
    timeoutMs: get(settings.timeout),
    ...(certificate !== undefined && { certificate }),
    ...(clientKey !== undefined && { clientKey }),
    ...(clientCertificate !== undefined && { clientCertificate }),
  };
}

/** What a receiver speaks, when nobody says it. */
function protocolOf(endpoint: string): OtlpExporter['protocol'] {
  const { port, pathname } = new URL(endpoint);
  return port === OTLP_HTTP_PORT || SIGNAL_PATH.test(pathname) ? 'http/protobuf' : 'grpc';
}

/** Where a signal goes over HTTP: to the endpoint of this very signal as it is, else below the base. */
function signalUrl({ given: [given] }: Resolved<string>, signal: Signal): string {
  if (given === undefined) return `http://localhost:${OTLP_HTTP_PORT}/v1/${signal}`;
  if (given.where === OTLP_SETTINGS[signal].endpoint.env?.[0]) return given.value;
  const url = new URL(given.value);
  // A base often holds the path of a signal already, though it should not.
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
  };
}

/** Two of a kind would send everything twice, or take the same port. */
function distinct<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
