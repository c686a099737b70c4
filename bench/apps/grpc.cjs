const { join } = require('node:path');
const { loadPackageDefinition, Server, ServerCredentials } = require('@grpc/grpc-js');
const { loadSync } = require('@grpc/proto-loader');

const { shop } = loadPackageDefinition(loadSync(join(__dirname, 'shop.proto')));
const server = new Server();
server.addService(shop.Orders.service, { get: (call, done) => done(null, { id: call.request.id }) });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, port) => console.log(port));
