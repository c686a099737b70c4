import type { ProtobufWriter } from './protobuf-writer.js';

const NANOSECONDS_PER_SECOND = 1e9;

/** Writes `ms` since 1970 as nanoseconds. A number cannot hold them exactly, so each half is computed separately. */
export function writeTime(out: ProtobufWriter, ms: number): void {
  const seconds = Math.floor(ms / 1000);
  const nanoseconds = Math.round((ms - seconds * 1000) * 1e6);
  const upper = (seconds >>> 16) * NANOSECONDS_PER_SECOND;
  const lower = (seconds & 0xffff) * NANOSECONDS_PER_SECOND + nanoseconds + (upper % 0x10000) * 0x10000;
  out.fixed32(lower % 0x100000000);
  out.fixed32(Math.floor(upper / 0x10000) + Math.floor(lower / 0x100000000));
}
