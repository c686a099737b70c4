import { createCalls } from './calls/calls.js';
import { askRegularly } from './calls/poll.js';
import { formatProblem } from './config/diagnostic.js';
import { loadConfig } from './config/load.js';
import { flushOnExit } from './exit.js';
import { attach } from './hooks/attach.js';
import { instrumentations } from './instrumentations/index.js';
import { log, reason } from './log.js';
import { startLine } from './start-line.js';
import { startTelemetry } from './telemetry/start.js';

const STARTED = Symbol.for('redhook.started');

/** Starts Redhook, once per process. Whatever goes wrong, the application starts. */
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
  const { config, problems } = loadConfig();
  log.setLevel(config.logLevel);
  for (const problem of problems) log[problem.severity](formatProblem(problem));
  if (!config.enabled) return;

  const telemetry = startTelemetry(config);
  const calls = createCalls({
    observers: telemetry.observers,
    knownOperations: { http: config.knownMethods, grpc: [] },
    propagateDeadlines: config.propagateDeadlines,
    addGauge: telemetry.addGauge,
    ...(config.metrics.exporters.length > 0 && { addForeign: telemetry.addForeign }),
    ...(config.visibility && { ask: askRegularly }),
  });
  for (const each of instrumentations) {
    if (config.instrumentations[each.name]) attach(each, calls);
  }
  flushOnExit((error) => {
    calls.endAll(error);
    telemetry.drain();
  });
  log.announce(startLine(config, instrumentations));
}
