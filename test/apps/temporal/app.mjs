import * as client from '@temporalio/client';
import * as worker from '@temporalio/worker';
import service from './service.cjs';

await service.run(client, worker, service[process.argv[2]]);
