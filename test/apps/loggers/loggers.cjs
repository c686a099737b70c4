const http = require('node:http');

/** Writes a line of each logger, and of a child of each, as the application starts and inside each request. */
module.exports = function listen({ pinos, winston, bunyans }) {
  const fixed = { time: new Date(0), pid: 1, hostname: 'h' };
  const loggers = [
    ...pinos.map((pino) => pino({ base: null, timestamp: false })),
    ...pinos
      .filter(({ transport }) => transport !== undefined)
      .map((pino) =>
        pino(
          { base: null, timestamp: false },
          pino.transport({ target: 'pino/file', options: { destination: process.env.FILE, append: true } }),
        ),
      ),
    winston.createLogger({ transports: [new winston.transports.Console()] }),
    ...bunyans.map((bunyan) => bunyan.createLogger({ name: 'shop', ...fixed })),
  ];
  const log = (text) => {
    for (const logger of loggers) {
      logger.info(text);
      // A child of bunyan has the id of the process again.
      logger.child({ a: 1, pid: 1 }).info(text);
    }
  };
  const server = http.createServer((_, response) => {
    log('inside');
    response.end();
  });
  server.listen(0, '127.0.0.1', () => {
    log('outside');
    console.log(`listening http://127.0.0.1:${server.address().port}`);
  });
  process.once('SIGTERM', () => process.exit());
};
