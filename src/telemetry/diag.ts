import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { log, reason, templateOf } from '../log.js';

/** The reader of the SDK says this of every push that fails. The exporter has already logged why, once per outage. */
const FAILED_PUSH = 'PeriodicExportingMetricReader: metrics export';
/** The API reports each part of a second SDK that it refuses. */
const DUPLICATE = /Attempted duplicate registration of API: (\w+)/;
const WARNINGS: Readonly<Record<string, string>> = {
  trace:
    'the application starts an OpenTelemetry SDK of its own; spans made with @opentelemetry/api go to the exporters ' +
    'of Redhook, and calls that both SDKs instrument are exported twice; remove one of the two',
  metrics:
    'the application sets a MeterProvider of its own; instruments made with @opentelemetry/api go to the exporters ' +
    'of Redhook, and its own exporters get none of them; remove it, or make the meters with getMeter of this provider',
  propagation:
    'the application sets a propagator of its own, which is not used; the headers that Redhook reads and sends are ' +
    'those of OTEL_PROPAGATORS',
};
/** Errors of the SDK that say that the application misuses the API. They come as often as it does so. */
const MISUSE =
  /You can only call end\(\) on a span once|Cannot call shutdown twice|not associated with valid/;

/**
 * Sends the diagnostics of the OpenTelemetry SDK to our log, each kind once. A refused registration gets its own
 * warning: it means that the application starts a second SDK after ours, or a part of one.
 */
export function adoptDiagnostics(): void {
  const logger: DiagLogger = {
    error: (message, ...more) => {
      const text = textOf(message);
      const [, refused] = DUPLICATE.exec(text) ?? [];
      if (refused === undefined) pass(isHidden(text) ? 'debug' : 'error', plainText(text), more);
      else if (WARNINGS[refused] !== undefined) log.warn(WARNINGS[refused]);
    },
    // The API itself warns only when another logger replaces this one, which the application may do.
    warn: (message, ...more) => pass('debug', message, more),
    info: (message, ...more) => pass('debug', message, more),
    debug: () => {},
    verbose: () => {},
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.INFO, suppressOverrideMessage: true });
  // The default handler writes an exception with its stack as JSON.
  setGlobalErrorHandler((error) => logger.error(reason(error)));
}

function isHidden(text: string): boolean {
  return text.startsWith(FAILED_PUSH) || MISUSE.test(text);
}

/** They come from calls of the application, in any number: one that is not shown costs nothing, and none throws. */
function pass(level: 'error' | 'debug', message: unknown, more: unknown[]): void {
  if (!log.shows(level)) return;
  const [line = ''] = [message, ...more].map(textOf).join(' ').split('\n');
  log[level](line, templateOf(line));
}

/** The application may pass anything, although the types of the API say strings. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : reason(value);
}

/** The message of an exception that the SDK of the application reports: it writes exceptions with their stack as JSON. */
function plainText(message: string): string {
  if (!message.startsWith('{')) return message;
  try {
    const { message: text } = JSON.parse(message);
    return typeof text === 'string' ? text : message;
  } catch {
    return message;
  }
}
