/**
 * The globals that Redhook uses, as they are when it loads. esbuild reads these wherever the bundle names one of them.
 * An application may replace its own later: with fake timers, with a browser's environment in tests, with a `process`
 * of its own (`let process` in a REPL). Only globals that a workflow of Temporal does not have: Redhook's observer there
 * is copied as text.
 */
export const {
  AbortController,
  Buffer,
  clearInterval,
  clearTimeout,
  performance,
  process,
  setImmediate,
  setInterval,
  setTimeout,
  URL,
} = globalThis;
