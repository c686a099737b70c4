import * as bullmq from 'bullmq';
import scenario from './bullmq.scenario.cjs';

scenario(bullmq);
