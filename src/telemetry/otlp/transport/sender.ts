import { asOwnTraffic } from '../../../calls/own-traffic.js';
import type { OtlpExporter, Signal } from '../../../config/config.js';
import { log } from '../../../log.js';
import { redactUrl } from '../../../semconv/url.js';
import { openTransport } from './open-transport.js';
import { isProxied } from './proxy.js';
import type { Transport } from './transport.js';

/** A transport whose connections and requests Redhook does not observe. */
export function createSender(exporter: OtlpExporter, signal: Signal): Transport {
  const transport = openTransport(exporter, signal);
  if (exporter.protocol === 'grpc' && isProxied(new URL(exporter.endpoint))) {
    const where = redactUrl(exporter.endpoint);
    log.info(
      `${signal}: gRPC to ${where} does not go through the proxy of the environment; to use it, set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`,
    );
  }
  return {
    send: (body) => asOwnTraffic(() => transport.send(body)),
    close: () => transport.close(),
  };
}
