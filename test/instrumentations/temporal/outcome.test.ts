import { expect, test } from 'vitest';
import { outcomeOf, outcomeOfAttempt } from '../../../src/instrumentations/temporal/outcome.js';

const named = (name: string, more: object = {}): Error => Object.assign(new Error('m'), { name, ...more });

test.each([
  [named('CompleteAsyncError'), 'completes_async', undefined],
  [named('CancelledFailure'), 'canceled', undefined],
  [named('AbortError'), 'canceled', undefined],
  [named('ApplicationFailure', { category: 'BENIGN', type: 'X' }), 'benign', undefined],
  [named('ApplicationFailure', { type: 'InsufficientFunds' }), 'failed', 'InsufficientFunds'],
  [named('ApplicationFailure', { type: '' }), 'failed', undefined],
  [named('ServiceError', { cause: { code: 14 } }), 'failed', 'UNAVAILABLE'],
  [named('WorkflowFailedError', { cause: named('ApplicationFailure') }), 'failed', undefined],
  [named('OperationError', { state: 'canceled' }), 'canceled', undefined],
  [named('OperationError', { state: 'failed' }), 'failed', undefined],
  [named('HandlerError', { type: 'BAD_REQUEST' }), 'failed', 'BAD_REQUEST'],
  ['a text', 'failed', undefined],
  [undefined, 'failed', undefined],
])('the outcome of %s is %s, with the error type %s', (error, code, errorType) => {
  expect(outcomeOf(error)).toMatchObject({ code });
  expect(outcomeOf(error).errorType).toBe(errorType);
});

test('an attempt is canceled only if somebody has asked for it', () => {
  const error = named('CancelledFailure');
  expect(outcomeOfAttempt(error, true)).toMatchObject({ code: 'canceled' });
  expect(outcomeOfAttempt(error, false)).toMatchObject({ code: 'failed', error });
  expect(outcomeOfAttempt(named('CompleteAsyncError'), false)).toMatchObject({ code: 'completes_async' });
});
