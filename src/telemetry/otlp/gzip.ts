import { promisify } from 'node:util';

/** Compresses a request. Zlib is loaded for the first one: a start need not wait for it. */
export function gzip(body: Uint8Array): Promise<Uint8Array> {
  return promisify(process.getBuiltinModule('node:zlib').gzip)(body);
}
