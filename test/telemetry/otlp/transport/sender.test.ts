import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { expect, test } from 'vitest';
import { httpClient } from '../../../../src/instrumentations/http-client.js';
import { openTransport } from '../../../../src/telemetry/otlp/transport/open-transport.js';
import { createSender } from '../../../../src/telemetry/otlp/transport/sender.js';
import { startCollector } from '../../../support/collector.js';
import { otlp } from '../../../support/exporter.js';
import { record } from '../../../support/recorder.js';
import { finishedSpans } from '../../../support/spans.js';

test('sends requests that the http-client instrumentation does not observe', async () => {
  const recorder = record(httpClient);
  const collector = await startCollector();
  const exporter = otlp(`${collector.httpUrl}/v1/traces`, { protocol: 'http/protobuf', compression: 'gzip' });
  const body = ProtobufTraceSerializer.serializeRequest(finishedSpans(1)) as Uint8Array;

  const sender = createSender(exporter, 'traces');
  for (let i = 0; i < 3; i += 1) expect(await sender.send([body])).toMatchObject({ status: 'success' });
  await recorder.take(0);

  // The same request is observed when it is not marked as our own traffic.
  const transport = openTransport(exporter, 'traces');
  await transport.send([body]);
  await recorder.take(1);

  sender.close();
  transport.close();
  await collector.close();
});
