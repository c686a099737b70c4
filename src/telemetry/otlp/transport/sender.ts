import { asOwnTraffic } from '../../../calls/calls.js';
import type { OtlpExporter } from '../../../config/config.js';
import { openTransport, type Signal, type Transport } from './transport.js';

/** A transport whose connections and requests are never observed by Redhook itself. */
export function createSender(exporter: OtlpExporter, signal: Signal): Transport {
  const transport = openTransport(exporter, signal);
  return {
    send: (body) => asOwnTraffic(() => transport.send(body)),
    close: () => transport.close(),
  };
}
