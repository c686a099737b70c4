import { createCalls } from './calls/calls.js';
import { pollRegularly } from './calls/poll.js';
import { formatDiagnostic } from './config/diagnostic.js';
import { loadConfig } from './config/load.js';
import { flushOnExit } from './exit.js';
import { attach } from './hooks/attach.js';
import { instrumentations, switchable } from './instrumentations/index.js';
import { log, reason } from './log.js';
import { HTTP_SERVER } from './semconv/http.js';
import { startLine } from './start-line.js';
import { startTelemetry } from './telemetry/start-telemetry.js';

const STARTED = Symbol.for('redhook.started');

/** Starts Redhook, once per process. Whatever goes wrong, the application still starts. */
export function start(): void {
  if (STARTED in globalThis) return;
  Object.defineProperty(globalThis, STARTED, { value: true });
  try {
    observe();
  } catch (error) {
    log.error(`not started: ${reason(error)}; the application runs without telemetry`);
  }
}

function observe(): void {
  const { config, diagnostics } = loadConfig(switchable);
  log.setLevel(config.logLevel);
  for (const diagnostic of diagnostics) log[diagnostic.severity](formatDiagnostic(diagnostic));
  if (!config.enabled) return;

  const exit = flushOnExit({
    flush(error) {
      calls.endAll(error);
      telemetry.flush();
    },
    signals: config.exitSignals,
  });
  const announce = (): void => log.announce(startLine(config, instrumentations));
  const telemetry = startTelemetry(config, { arm: exit.arm, announce });
  const calls = createCalls({
    observers: telemetry.observers,
    knownOperations: { [HTTP_SERVER.operation]: config.knownMethods },
    propagateDeadlines: config.propagateDeadlines,
    incoming: config.trust.incoming,
    outgoingHosts: config.trust.outgoing,
    capturedHeaders: config.capturedHeaders,
    addGauge: telemetry.addGauge,
    ...(config.metrics.exporters.length > 0 && { addScrapedPage: telemetry.addScrapedPage }),
    ...(config.visibility && { poll: pollRegularly }),
  });
  for (const each of instrumentations) {
    if (config.instrumentations[each.name]) attach(each, calls);
  }
  if (log.shows('debug')) announce();
}
