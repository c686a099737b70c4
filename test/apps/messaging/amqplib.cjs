require('./amqplib.scenario.cjs')(require('amqplib'));
