import { expect, test } from 'vitest';
import { partialSuccess } from '../../../src/telemetry/otlp/partial-success.js';
import { writeMessage } from '../../support/protobuf.js';

/** An `ExportTraceServiceResponse` with this `ExportTracePartialSuccess`. */
function response(fields: Parameters<typeof writeMessage>[0]): Buffer {
  return writeMessage({ 1: writeMessage(fields) });
}

test('reads the number of rejected spans and the message', () => {
  expect(partialSuccess(response({ 1: 300, 2: 'too old' }))).toEqual({ rejected: 300, message: 'too old' });
});

test('reads a warning, which rejects no spans', () => {
  expect(partialSuccess(response({ 2: 'slow down' }))).toEqual({ rejected: 0, message: 'slow down' });
});

test.each([
  ['an empty response', Buffer.alloc(0)],
  ['an empty partial success', response({})],
  ['JSON', Buffer.from('{"partialSuccess":{}}')],
  ['plain text', Buffer.from('OK')],
  ['a truncated response', response({ 1: 2, 2: 'too old' }).subarray(0, -3)],
])('takes %s as a full success', (_, bytes) => {
  expect(partialSuccess(bytes)).toEqual({ rejected: 0, message: '' });
});
