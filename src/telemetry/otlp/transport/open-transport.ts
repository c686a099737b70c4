import type { OtlpExporter, Signal } from '../../../config/config.js';
import { openGrpc } from './grpc.js';
import { openHttp } from './http.js';
import type { Transport } from './transport.js';

export function openTransport(exporter: OtlpExporter, signal: Signal): Transport {
  return exporter.protocol === 'grpc' ? openGrpc(exporter, signal) : openHttp(exporter);
}
