import { expect, it } from 'vitest';
import { retryDelayMs } from '../../../../src/telemetry/otlp/transport/retry-info.js';
import { writeMessage } from '../../../support/protobuf.js';

const TYPE = 'type.googleapis.com/google.rpc.';

function status(...details: Buffer[]): string {
  return Buffer.concat([
    writeMessage({ 1: 14, 2: 'busy' }),
    ...details.map((detail) => writeMessage({ 3: detail })),
  ]).toString('base64');
}

const retryIn = (seconds: number, nanos: number) =>
  writeMessage({ 1: `${TYPE}RetryInfo`, 2: writeMessage({ 1: writeMessage({ 1: seconds, 2: nanos }) }) });

it('finds the delay among other details', () => {
  const other = writeMessage({ 1: `${TYPE}DebugInfo`, 2: 'whatever' });
  expect(retryDelayMs(status(other, retryIn(3, 250_000_000)))).toBe(3_250);
});

it('reads base64 without padding, as gRPC sends it', () => {
  expect(retryDelayMs(status(retryIn(300, 0)).replaceAll('=', ''))).toBe(300_000);
});

it.each([
  ['no details', undefined],
  ['no delay among them', status()],
  ['an empty text', ''],
  ['not base64', '%%%'],
  ['a message that breaks off', status(retryIn(3, 0)).slice(0, -8)],
  ['a group, which nobody sends', Buffer.from([0x1b, 0x01]).toString('base64')],
  ['a varint without an end', Buffer.alloc(40, 0xff).toString('base64')],
])('has none in %s', (_, details) => {
  expect(retryDelayMs(details)).toBeUndefined();
});
