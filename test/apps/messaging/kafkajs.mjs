import * as kafkajs from 'kafkajs';
import scenario from './kafkajs.scenario.cjs';

scenario(kafkajs);
