import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startGateway } from './gateway.ts';

const USAGE = 'usage: main.ts --image IMAGE --upstream HOST:PORT [--config FILE] [--host HOST] [--port PORT]';

const { values } = parseArgs({
  options: {
    image: { type: 'string' },
    upstream: { type: 'string' },
    config: { type: 'string' },
    host: { type: 'string', default: '0.0.0.0' },
    port: { type: 'string', default: '8080' },
  },
});
if (values.image === undefined || values.upstream === undefined) {
  console.error(USAGE);
  process.exit(64);
}
const gateway = await startGateway({
  image: readFileSync(values.image),
  upstream: values.upstream,
  configFile: values.config,
  host: values.host,
  port: Number(values.port),
});
console.log(`listening ${gateway.url}`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void gateway.close());
