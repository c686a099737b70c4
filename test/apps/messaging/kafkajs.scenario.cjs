const { randomUUID } = require('node:crypto');
const run = require('./run.cjs');

/** What the application has set itself: the context that travels beside it may be seen by whoever receives it. */
const ownHeaders = ({ traceparent, ...headers } = {}) =>
  Object.entries(headers).map(([name, value]) => [name, String(value)]);
const view = ({ key, value, headers }) => ({
  key: key && String(key),
  value: String(value),
  headers: ownHeaders(headers),
});

module.exports = ({ Kafka, logLevel }) =>
  run(async ({ host, port, see }) => {
    const kafka = new Kafka({
      brokers: [`${host}:${port}`],
      connectionTimeout: 10_000,
      logLevel: logLevel.NOTHING,
    });
    const [topic, batches] = ['orders', 'batches'].map((name) => `${name}-${randomUUID()}`);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }, { topic: batches }] });
    await admin.disconnect();

    const producer = kafka.producer();
    await producer.connect();
    const eachMessage = async ({ message, partition, heartbeat, pause }) => {
      see(['processes', view(message), partition, typeof heartbeat, typeof pause]);
    };
    const eachBatch = async ({ batch }) => {
      for (const message of batch.messages) see(['processes of a batch', view(message)]);
    };
    const consumers = [];
    for (const [subscribed, config] of [
      [topic, { eachMessage }],
      [batches, { eachBatch }],
    ]) {
      const groupId = randomUUID();
      const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 20 });
      await consumer.connect();
      await consumer.subscribe({ topic: subscribed, fromBeginning: true });
      await consumer.run(config);
      consumers.push(consumer);
    }

    const message = (value) => ({ key: 'k', value, headers: { mine: 'a' } });
    const answer = (sent) => sent.map(({ partition, errorCode }) => ({ partition, errorCode }));
    return {
      routes: {
        send: async () => {
          const messages = [message('a')];
          return [answer(await producer.send({ topic, messages })), messages];
        },
        batch: async () =>
          answer(await producer.send({ topic: batches, messages: [message('b'), message('c')] })),
        refused: () => producer.send({ topic: 'refused', messages: [{ key: 'no value' }] }),
      },
      arriving: 1 + 2,
      async close() {
        for (const each of [...consumers, producer]) await each.disconnect();
      },
    };
  });
