const { randomUUID } = require('node:crypto');
const run = require('./run.cjs');

/** Without what is different each time. */
const view = ({ $metadata, MessageId, ReceiptHandle, Messages, Successful, ...output }) => ({
  ...output,
  status: $metadata?.httpStatusCode,
  ...(Messages && { Messages: Messages.map(view) }),
  ...(Successful && { Successful: Successful.map(view) }),
});

module.exports = ({ SQS, SNS }) =>
  run(async ({ host, port }) => {
    const config = {
      endpoint: `http://${host}:${port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const sqs = new SQS(config);
    const sns = new SNS(config);
    const { QueueUrl } = await sqs.createQueue({ QueueName: `orders-${randomUUID()}` });
    const { TopicArn } = await sns.createTopic({ Name: `events-${randomUUID()}` });

    async function receiveAndDelete(input) {
      const received = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...input });
      const Entries = received.Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      return [view(received), view(await sqs.deleteMessageBatch({ QueueUrl, Entries }))];
    }
    return {
      routes: {
        async send() {
          const sent = await sqs.sendMessage({ QueueUrl, MessageBody: 'a' });
          return [view(sent), await receiveAndDelete({})];
        },
        async batch() {
          const Entries = ['b', 'c'].map((Id) => ({ Id, MessageBody: Id }));
          const sent = await sqs.sendMessageBatch({ QueueUrl, Entries });
          return [view(sent), await receiveAndDelete({ MessageAttributeNames: ['mine'] }), Entries];
        },
        publish: async () => view(await sns.publish({ TopicArn, Message: 'd' })),
        none: () =>
          sqs
            .sendMessage({
              QueueUrl: `${QueueUrl.slice(0, QueueUrl.lastIndexOf('/'))}/none`,
              MessageBody: 'e',
            })
            .catch((error) => ({ name: error.name, message: error.message })),
      },
      arriving: 0,
      async close() {
        for (const each of [sqs, sns]) each.destroy();
      },
    };
  });
