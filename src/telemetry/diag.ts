import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { log } from '../log.js';

const DUPLICATE = 'Attempted duplicate registration of API: trace';

/**
 * Takes what the OpenTelemetry SDK has to say into our own log. One message tells more than it says: when the
 * application brings an SDK of its own, its registration is refused, for ours was first.
 */
export function adoptDiagnostics(): void {
  const logger: DiagLogger = {
    error: (message, ...more) => {
      if (message.includes(DUPLICATE)) warnOfSecondSdk();
      else if (!message.includes('Attempted duplicate registration')) log.error(line(message, more));
    },
    // The only warning of the API itself is that another logger has taken our place, which is the application's right.
    warn: (message, ...more) => log.debug(line(message, more)),
    info: (message, ...more) => log.debug(line(message, more)),
    debug: () => {},
    verbose: () => {},
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.INFO, suppressOverrideMessage: true });
}

function warnOfSecondSdk(): void {
  log.warn(
    'the application starts an OpenTelemetry SDK of its own; its spans by @opentelemetry/api go to the exporters of Redhook, ' +
      'and what its own instrumentations send is sent twice; remove one of the two',
  );
}

function line(message: string, more: unknown[]): string {
  const [first = ''] = [message, ...more].map(String).join(' ').split('\n');
  return first;
}
