import { promisify } from 'node:util';
import type { Body } from './transport.js';

/** Compresses a request. Zlib is loaded by the first one, so that the start does not wait for it. */
export function gzip(body: Body): Promise<Uint8Array> {
  return promisify(process.getBuiltinModule('node:zlib').gzip)(Buffer.concat(body));
}
