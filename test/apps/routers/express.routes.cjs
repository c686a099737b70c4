module.exports = function listen(express) {
  const app = express();
  const shop = express.Router();
  shop.get('/orders/:id', (request, response) => response.send(request.params.id));
  shop.get('/fail', () => {
    throw new Error('the handler failed');
  });
  app.set('env', 'test');
  app.use('/shop', shop);
  const server = app.listen(0, '127.0.0.1', () =>
    console.log(`listening http://127.0.0.1:${server.address().port}`),
  );
};
