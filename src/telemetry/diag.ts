import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { setGlobalErrorHandler } from '@opentelemetry/core';
import { log, reason, templateOf } from '../log.js';

/** The reader of the SDK says this of every push that fails. The exporter has already logged why, once per outage. */
const FAILED_PUSH = 'PeriodicExportingMetricReader: metrics export';
const DUPLICATE = 'Attempted duplicate registration of API: trace';
/** Errors of the SDK that say that the application misuses the API. They come as often as it does so. */
const MISUSE =
  /You can only call end\(\) on a span once|Cannot call shutdown twice|not associated with valid/;

/**
 * Sends the diagnostics of the OpenTelemetry SDK to our log, each kind once. A refused registration gets its own
 * warning: it means that the application starts a second SDK after ours.
 */
export function adoptDiagnostics(): void {
  const logger: DiagLogger = {
    error: (message, ...more) => {
      const text = textOf(message);
      if (text.includes(DUPLICATE)) warnAboutSecondSdk();
      else if (!text.includes('Attempted duplicate registration'))
        pass(isHidden(text) ? 'debug' : 'error', plainText(text), more);
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

function warnAboutSecondSdk(): void {
  log.warn(
    'the application starts an OpenTelemetry SDK of its own; spans made with @opentelemetry/api go to the exporters ' +
      'of Redhook, and calls that both SDKs instrument are exported twice; remove one of the two',
  );
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
