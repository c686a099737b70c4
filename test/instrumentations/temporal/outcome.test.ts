import { expect, test } from 'vitest';
import { outcomeOf } from '../../../src/instrumentations/temporal/outcome.js';

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
  ['a text', 'failed', undefined],
  [undefined, 'failed', undefined],
])('the outcome of %s is %s, with the error type %s', (error, code, errorType) => {
  expect(outcomeOf(error)).toMatchObject({ code });
  expect(outcomeOf(error).errorType).toBe(errorType);
});
