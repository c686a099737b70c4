require('./bullmq.scenario.cjs')(require('bullmq'));
