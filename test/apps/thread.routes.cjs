'use strict';
/** What a thread of threads.cjs serves, and the messages that it obeys. */
module.exports = function serve(app, parentPort) {
  app.get('/orders/:id', async ({ params }) => ({ id: params.id }));
  app.listen({ port: 0, host: '127.0.0.1' }).then((url) => parentPort.postMessage(url));
  parentPort.on('message', (word) => {
    if (word === 'hang') for (;;);
    if (word === 'throw') throw new Error('the thread failed');
    if (word === 'leave') process.exit(4);
    if (word === 'close') app.close().then(() => parentPort.close());
  });
};
