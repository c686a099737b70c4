import { describe, expect, test } from 'vitest';
import { classifyGrpcAnswer } from '../../../../src/telemetry/otlp/transport/grpc-status.js';
import { writeMessage } from '../../../support/protobuf.js';

const NO_DATA = new Uint8Array();

/** The `grpc-status-details-bin` trailer with a `google.rpc.RetryInfo`. */
function retryIn(seconds: number): string {
  const retryInfo = writeMessage({
    1: 'type.googleapis.com/google.rpc.RetryInfo',
    2: writeMessage({ 1: writeMessage({ 1: seconds }) }),
  });
  return writeMessage({ 1: 8, 3: retryInfo }).toString('base64');
}

test('returns the data of a successful answer', () => {
  const data = new Uint8Array([1, 2, 3]);
  expect(classifyGrpcAnswer({ ':status': 200, 'grpc-status': '0' }, data)).toEqual({
    status: 'success',
    data,
  });
});

test.each([
  ['1', 'CANCELLED', 'retryable', { progress: 'answered' }],
  ['2', 'UNKNOWN', 'failure', {}],
  ['3', 'INVALID_ARGUMENT', 'failure', { because: 'content' }],
  ['4', 'DEADLINE_EXCEEDED', 'retryable', { progress: 'sent' }],
  ['5', 'NOT_FOUND', 'failure', {}],
  ['6', 'ALREADY_EXISTS', 'failure', {}],
  ['7', 'PERMISSION_DENIED', 'failure', {}],
  ['8', 'RESOURCE_EXHAUSTED', 'failure', { because: 'content' }],
  ['9', 'FAILED_PRECONDITION', 'failure', {}],
  ['10', 'ABORTED', 'retryable', { progress: 'answered' }],
  ['11', 'OUT_OF_RANGE', 'retryable', { progress: 'answered' }],
  ['12', 'UNIMPLEMENTED', 'failure', {}],
  ['13', 'INTERNAL', 'failure', {}],
  ['14', 'UNAVAILABLE', 'retryable', { progress: 'answered' }],
  ['15', 'DATA_LOSS', 'retryable', { progress: 'answered' }],
  ['16', 'UNAUTHENTICATED', 'failure', {}],
  ['99', 'UNKNOWN', 'failure', {}],
  ['garbage', 'UNKNOWN', 'failure', {}],
])('classifies the gRPC status %s (%s) as %s', (code, reason, status, more) => {
  expect(classifyGrpcAnswer({ ':status': 200, 'grpc-status': code }, NO_DATA)).toEqual({
    status,
    reason,
    ...more,
  });
});

test.each([
  ['8', 'grpc: received message larger than max (4500000 vs. 4194304)'],
  ['8', 'gRPC message exceeds maximum size 4194304: 4500000'],
  ['11', 'Error, decoded message length too large: found 4500000 bytes, the limit is: 4194304 bytes'],
  ['2', 'Payload Too Large'],
])('status %s with the message "%s" says that the request is too large', (code, message) => {
  expect(classifyGrpcAnswer({ 'grpc-status': code, 'grpc-message': message }, NO_DATA)).toMatchObject({
    status: 'failure',
    because: 'size',
  });
});

describe('with a retry delay', () => {
  test('makes RESOURCE_EXHAUSTED retryable', () => {
    const answer = { 'grpc-status': '8', 'grpc-status-details-bin': retryIn(3) };
    expect(classifyGrpcAnswer(answer, NO_DATA)).toEqual({
      status: 'retryable',
      reason: 'RESOURCE_EXHAUSTED',
      retryInMillis: 3_000,
      progress: 'answered',
    });
  });

  test('does not make INVALID_ARGUMENT retryable', () => {
    const answer = { 'grpc-status': '3', 'grpc-status-details-bin': retryIn(3) };
    expect(classifyGrpcAnswer(answer, NO_DATA)).toEqual({
      status: 'failure',
      reason: 'INVALID_ARGUMENT',
      because: 'content',
    });
  });
});

test.each([
  ['percent-encoded', 'queue%20full%3A%20100%25', 'UNAVAILABLE: queue full: 100%'],
  ['percent-encoded UTF-8', 'vor%C3%BCbergehend', 'UNAVAILABLE: vorübergehend'],
  ['malformed', '100% full', 'UNAVAILABLE: 100% full'],
  ['empty', '', 'UNAVAILABLE'],
])('adds a message that is %s to the reason', (_, message, reason) => {
  expect(classifyGrpcAnswer({ 'grpc-status': '14', 'grpc-message': message }, NO_DATA)).toMatchObject({
    reason,
  });
});

test.each([
  [200, 'failure', {}],
  [400, 'failure', { because: 'content' }],
  [404, 'failure', {}],
  [413, 'failure', { because: 'size' }],
  [429, 'retryable', { progress: 'answered' }],
  [500, 'failure', {}],
  [502, 'retryable', { progress: 'answered' }],
  [503, 'retryable', { progress: 'answered' }],
  [504, 'retryable', { progress: 'sent' }],
] as const)('classifies HTTP %i without a gRPC status as %s', (code, status, more) => {
  expect(classifyGrpcAnswer({ ':status': code }, NO_DATA)).toEqual({
    ...more,
    status,
    reason: expect.stringMatching(
      new RegExp(`^HTTP ${code} without a gRPC status(; for OTLP over HTTP, .*)?$`),
    ),
  });
});
