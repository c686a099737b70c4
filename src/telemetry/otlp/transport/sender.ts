import { asOwnTraffic } from '../../../calls/own-traffic.js';
import type { OtlpExporter, Signal } from '../../../config/config.js';
import { openTransport } from './open-transport.js';
import type { Transport } from './transport.js';

/** A transport whose connections and requests Redhook does not observe. */
export function createSender(exporter: OtlpExporter, signal: Signal): Transport {
  const transport = openTransport(exporter, signal);
  return {
    send: (body) => asOwnTraffic(() => transport.send(body)),
    close: () => transport.close(),
  };
}
