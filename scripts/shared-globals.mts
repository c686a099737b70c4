/** The same for a chunk, which may be loaded when the application has changed its globals: those of the bundle. */
export {
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
} from './own-globals.mts';
