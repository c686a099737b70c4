import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { log } from '../log.js';

const DUPLICATE = 'Attempted duplicate registration of API: trace';

/**
 * Sends the diagnostics of the OpenTelemetry SDK to our log. A refused registration gets its own warning: it means that
 * the application starts a second SDK after ours.
 */
export function adoptDiagnostics(): void {
  const logger: DiagLogger = {
    error: (message, ...more) => {
      if (message.includes(DUPLICATE)) warnAboutSecondSdk();
      else if (!message.includes('Attempted duplicate registration')) log.error(firstLine(message, more));
    },
    // The API itself warns only when another logger replaces this one, which the application may do.
    warn: (message, ...more) => log.debug(firstLine(message, more)),
    info: (message, ...more) => log.debug(firstLine(message, more)),
    debug: () => {},
    verbose: () => {},
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.INFO, suppressOverrideMessage: true });
}

function warnAboutSecondSdk(): void {
  log.warn(
    'the application starts an OpenTelemetry SDK of its own; spans made with @opentelemetry/api go to the exporters ' +
      'of Redhook, and calls that both SDKs instrument are exported twice; remove one of the two',
  );
}

function firstLine(message: string, more: unknown[]): string {
  const [first = ''] = [message, ...more].map(String).join(' ').split('\n');
  return first;
}
