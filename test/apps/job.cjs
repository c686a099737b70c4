// A job that counts with @opentelemetry/api, without an SDK, and ends as its argument says before anything is pushed.
const { metrics } = require('@opentelemetry/api');

metrics.getMeter('job').createCounter('job.rows').add(12345, { kind: 'x' });

const ends = {
  nothing() {},
  exit: () => process.exit(3),
  exception() {
    throw new Error('boom');
  },
  signal: () => process.kill(process.pid, 'SIGTERM'),
};
ends[process.env.END]();
