// Three gRPC services. To quote a price, one of them calls another.
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const { shop } = grpc.loadPackageDefinition(
  loadSync(fileURLToPath(new URL('services.proto', import.meta.url))),
);

const rates = await serve(shop.Rates, {
  Get: ({ request }, done) =>
    request.code === 'EUR'
      ? done(null, { factor: 1 })
      : done({ code: grpc.status.NOT_FOUND, details: 'no such currency' }),
});

const prices = await serve(shop.Prices, {
  Quote: async ({ request }, done) => {
    const { factor } = await rates.Get({ code: 'EUR' });
    done(null, { amount: request.sku.length * factor, currency: 'EUR' });
  },
});

const shipping = await serve(shop.Shipping, {
  Estimate: (call) => {
    call.write({ carrier: 'bicycle', days: 1 });
    call.write({ carrier: 'snail', days: 30 });
    call.end();
  },
});

export const quote = (sku) => prices.Quote({ sku });

export const parcels = (sku) => shipping.Estimate({ sku }).toArray();

/** Starts a server for one service. Returns a client of it whose unary methods return promises. */
async function serve(Client, handlers) {
  const server = new grpc.Server();
  server.addService(Client.service, handlers);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  for (const [name, { responseStream }] of Object.entries(Client.service))
    if (!responseStream) client[name] = promisify(client[name].bind(client));
  return client;
}
