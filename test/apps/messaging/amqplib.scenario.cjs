const { randomUUID } = require('node:crypto');
const run = require('./run.cjs');

/** What the application has set itself: the context that travels beside it may be seen by whoever receives it. */
const view = ({ content, properties, fields }) => {
  const { traceparent, ...headers } = properties.headers;
  return [content.toString(), { ...properties, headers }, fields.exchange, fields.redelivered];
};

module.exports = ({ connect }) =>
  run(async ({ host, port, see }) => {
    const connection = await connect(`amqp://${host}:${port}`);
    const channel = await connection.createConfirmChannel();
    const queue = `orders-${randomUUID()}`;
    const pulled = `pulled-${randomUUID()}`;
    for (const each of [queue, pulled]) await channel.assertQueue(each, { exclusive: true });
    await channel.consume(queue, async (message) => {
      see(['processes', view(message)]);
      if (message.content.toString() === 'refuse') channel.nack(message, false, false);
      else channel.ack(message);
    });
    const options = { headers: { mine: 'a' }, contentType: 'text/plain', messageId: 'm' };
    const send = (content) =>
      new Promise((resolve) => {
        const sent = channel.sendToQueue(queue, Buffer.from(content), options, (...args) =>
          resolve([sent, args, options]),
        );
      });
    const closed = await connection.createChannel();
    await closed.close();
    return {
      routes: {
        send: () => send('a'),
        refuse: () => send('refuse'),
        get: async () => {
          channel.sendToQueue(pulled, Buffer.from('b'), options);
          await channel.waitForConfirms();
          const message = await channel.get(pulled);
          channel.ack(message);
          return [view(message), await channel.get(pulled)];
        },
        closed: async () => closed.sendToQueue(queue, Buffer.from('c')),
      },
      arriving: 2,
      close: () => connection.close(),
    };
  });
