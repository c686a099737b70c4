import { createCalls } from './calls/calls.js';
import { pollRegularly } from './calls/poll.js';
import { formatDiagnostic } from './config/diagnostic.js';
import { effectiveValues } from './config/effective.js';
import { type LoadedConfig, loadConfig } from './config/load.js';
import { collectOrigins } from './config/origins.js';
import { flushOnExit } from './exit.js';
import { attachAll } from './hooks/attach-all.js';
import { instrumentations, switchable } from './instrumentations/index.js';
import { log, reason } from './log.js';
import { followFile } from './reload.js';
import { HTTP_SERVER } from './semconv/http.js';
import { startLine } from './start-line.js';
import { placeOfThreads } from './telemetry/cluster/role.js';
import { startTelemetry } from './telemetry/start-telemetry.js';
import { joinThreads, observeThreads } from './threads/observe.js';
import { receivedSetup } from './threads/setup.js';

import { watchConfigFile } from './watch-file.js';

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
  const setup = receivedSetup();
  const { config, origins, diagnostics, file }: LoadedConfig = setup
    ? { config: setup.config, origins: collectOrigins(), diagnostics: [] }
    : loadConfig(switchable);
  log.setLevel(config.logLevel);
  for (const diagnostic of diagnostics) log[diagnostic.severity](formatDiagnostic(diagnostic));
  if (!config.enabled) return;

  const settings = { current: config, origins };
  const exit = flushOnExit({
    flush(error) {
      calls.endAll(error);
      telemetry.flush(threads.takePending);
      threads.flushed();
    },
    // Signals are those of the process.
    signals: config.exitSignals && setup === undefined,
  });
  const threads = setup ? joinThreads(setup) : observeThreads(settings, placeOfThreads, exit);
  const watched = config.reload ? file : undefined;
  const announce = (): void => log.announce(startLine(config, instrumentations));
  const telemetry = startTelemetry(settings, {
    ...threads.telemetry,
    announce() {
      if (setup !== undefined) return;
      announce();
      if (watched === undefined) return;
      const { addGauge } = telemetry;
      watchConfigFile(watched.path, () =>
        followFile({ file: watched, diagnostics, settings, attachMissing, addGauge }),
      );
    },
    describe: () => ({
      values: effectiveValues(settings.current, settings.origins, switchable),
      instrumentations: states(),
    }),
  });
  const calls = createCalls({
    observers: telemetry.observers,
    knownOperations: { [HTTP_SERVER.operation]: config.knownMethods },
    propagateDeadlines: config.propagateDeadlines,
    settings,
    addGauge: telemetry.addGauge,
    ...(config.metrics.exporters.length > 0 && { addScrapedPage: telemetry.addScrapedPage }),
    ...(config.visibility && { poll: pollRegularly }),
  });
  threads.whenTaken(() => {
    calls.endAll();
    return telemetry.pendingRequests();
  });
  const { attachMissing, states } = attachAll(instrumentations, calls, settings, {
    mayChange: watched !== undefined,
  });
  if (log.shows('debug') && setup === undefined) announce();
}
