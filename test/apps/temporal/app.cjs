const service = require('./service.cjs');
const [name, count] = process.argv.slice(2);
const scenario = count === undefined ? service[name] : service[name](Number(count));
service.run(require('@temporalio/client'), require('@temporalio/worker'), scenario);
