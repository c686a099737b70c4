require('./loggers.cjs')({
  pinos: ['pino6', 'pino7', 'pino8', 'pino9', 'pino'].map((name) => require(name)),
  winston: require('winston'),
  bunyans: [require('bunyan1'), require('bunyan')],
});
