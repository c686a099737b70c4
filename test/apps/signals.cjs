// A process that is ended by signals, in the way that its argument names. It has made a call before, unless it says not.
const http = require('node:http');

const WATCHED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

const MODES = {
  /** Kills itself: nothing after that runs. */
  'kills itself'() {
    process.kill(process.pid, 'SIGTERM');
    console.log('still running');
    process.exit(1);
  },
  /** Cleans up and raises the signal again, so that its parent sees how it ended (terminus, Apollo Server). */
  'raises again'() {
    process.once('SIGTERM', () => setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20));
    process.kill(process.pid, 'SIGTERM');
  },
  /** Installs a handler only if there is none, as some libraries do. */
  'listens if nobody does'() {
    console.log(
      WATCHED.map((signal) => [process.listenerCount(signal), process.listeners(signal).length]).join(),
    );
    if (process.listenerCount('SIGTERM') === 0) process.on('SIGTERM', () => process.exit(0));
    process.kill(process.pid, 'SIGTERM');
  },
  /** Has as many listeners as are allowed without a warning. */
  'has ten listeners'() {
    for (let count = 0; count < 10; count += 1) process.on('SIGTERM', () => {});
    setTimeout(() => process.exit(4), 50);
  },
  /** Removes its only listener: the default action is back. */
  'stops listening'() {
    const ignore = () => console.log('ignored');
    process.on('SIGTERM', ignore);
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => {
      process.off('SIGTERM', ignore);
      process.kill(process.pid, 'SIGTERM');
      console.log('still running');
    }, 50);
  },
  /** Emits the events of a process by hand, and lives on. */
  'emits by hand'() {
    process.emit('exit', 3);
    process.emit('SIGTERM');
    console.log('still running');
  },
  /** Blocks its event loop before there is anything to lose. */
  blocks() {
    console.log('blocked');
    for (const until = Date.now() + 5_000; Date.now() < until; );
    console.log('went on');
  },
  waits() {
    console.log('waiting');
  },
};

const [mode, calls = '1'] = process.argv.slice(2);
const server = http.createServer((_request, response) => response.end('ok'));
const play = () => {
  // It lives on for a while.
  if (mode !== 'waits') setTimeout(() => server.close(), 100);
  MODES[mode]();
};
if (calls === '0') MODES[mode]();
else
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => setTimeout(play, 20));
    });
  });
