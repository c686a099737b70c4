import bunyan from 'bunyan';
import bunyan1 from 'bunyan1';
import pino from 'pino';
import pino6 from 'pino6';
import pino7 from 'pino7';
import pino8 from 'pino8';
import pino9 from 'pino9';
import winston from 'winston';
import listen from './loggers.cjs';

listen({ pinos: [pino6, pino7, pino8, pino9, pino], winston, bunyans: [bunyan1, bunyan] });
