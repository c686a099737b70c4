require('./kafkajs.scenario.cjs')(require('kafkajs'));
