// A preload that wraps `process.emit` and keeps the original, as that of Yarn Plug'n'Play does.
const { emit } = process;
process.emit = (...args) => emit.apply(process, args);
