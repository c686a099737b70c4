/** What a team writes that sets up OpenTelemetry by itself, with the instrumentations that it needs and no others. */
const { createRequire } = require('node:module');

const peer = createRequire(require.resolve('../package.json'));
const { GrpcInstrumentation } = peer('@opentelemetry/instrumentation-grpc');
const { HttpInstrumentation } = peer('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = peer('@opentelemetry/instrumentation-undici');
const { NodeSDK } = peer('@opentelemetry/sdk-node');

const sdk = new NodeSDK({
  instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation(), new GrpcInstrumentation()],
});
sdk.start();
process.once('SIGTERM', () => sdk.shutdown().finally(() => process.exit()));
