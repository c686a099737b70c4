import { expect, test } from 'vitest';
import { retryDelayMs } from '../../../../src/telemetry/otlp/transport/retry-info.js';
import { writeMessage } from '../../../support/protobuf.js';

const TYPE = 'type.googleapis.com/google.rpc.';

function status(...details: Buffer[]): string {
  return Buffer.concat([
    writeMessage({ 1: 14, 2: 'busy' }),
    ...details.map((detail) => writeMessage({ 3: detail })),
  ]).toString('base64');
}

const withDuration = (duration: Record<number, string | number>) =>
  writeMessage({ 1: `${TYPE}RetryInfo`, 2: writeMessage({ 1: writeMessage(duration) }) });
const retryIn = (seconds: number, nanos: number) => withDuration({ 1: seconds, 2: nanos });

test('finds the delay among other details', () => {
  const other = writeMessage({ 1: `${TYPE}DebugInfo`, 2: 'whatever' });
  expect(retryDelayMs(status(other, retryIn(3, 250_000_000)))).toBe(3_250);
});

test('reads unpadded base64, as gRPC sends it', () => {
  expect(retryDelayMs(status(retryIn(300, 0)).replaceAll('=', ''))).toBe(300_000);
});

test.each([
  ['no details', undefined],
  ['a status without a delay', status()],
  ['an empty string', ''],
  ['not base64', '%%%'],
  ['a truncated message', status(retryIn(3, 0)).slice(0, -8)],
  ['a protobuf group', Buffer.from([0x1b, 0x01]).toString('base64')],
  ['seconds that are text', status(withDuration({ 1: 'soon' }))],
  ['nanoseconds that are text', status(withDuration({ 1: 3, 2: 'soon' }))],
  ['a negative delay', status(withDuration({ 1: 2 ** 64 - 2048 }))],
  ['an endless varint', Buffer.alloc(40, 0xff).toString('base64')],
])('returns undefined for %s', (_, details) => {
  expect(retryDelayMs(details)).toBeUndefined();
});
