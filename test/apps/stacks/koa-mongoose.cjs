const Router = require('@koa/router');
const Koa = require('koa');
const mongoose = require('mongoose');

const { MONGODB_PORT } = process.env;
const Order = mongoose.model('Order', new mongoose.Schema({ _id: Number, item: String }));

async function main() {
  await mongoose.connect(`mongodb://127.0.0.1:${MONGODB_PORT}/shop`, { autoCreate: false, autoIndex: false });
  const router = new Router();
  router.get('/orders/:id', async (context) => {
    context.body = await Order.findById(context.params.id).lean();
  });
  const app = new Koa();
  app.use(router.routes());
  const server = app.listen(0, '127.0.0.1', () =>
    console.log(`listening http://127.0.0.1:${server.address().port}`),
  );
}
main();
