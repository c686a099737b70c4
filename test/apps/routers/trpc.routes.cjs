const http = require('node:http');

module.exports = function listen({ initTRPC }, { createHTTPHandler }) {
  const { procedure, router } = initTRPC.create();
  const shop = router({
    order: procedure.query(() => 7),
    fail: procedure.query(() => {
      throw new Error('the handler failed');
    }),
  });
  const server = http
    .createServer(createHTTPHandler({ router: router({ shop }) }))
    .listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));
};
