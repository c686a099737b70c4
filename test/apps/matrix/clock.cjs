// The clock of the system jumps back by an hour, as the application sees it, when it starts to serve.
const now = Date.now;
let offset = 0;
Date.now = () => now() + offset;
setTimeout(() => {
  offset = -3_600_000;
}, 400).unref();
