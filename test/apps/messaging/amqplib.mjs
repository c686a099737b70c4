import * as amqplib from 'amqplib';
import scenario from './amqplib.scenario.cjs';

scenario(amqplib);
