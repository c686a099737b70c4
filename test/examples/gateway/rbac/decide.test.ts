import { expect, test } from 'vitest';
import { decide } from '../../../../examples/gateway/src/rbac/decide.ts';

const RULE = { scope: 'orders.write', permission: 'order:cancel' };
const POLICY = {
  roles: new Map([
    ['admin', ['order:read', 'order:cancel']],
    ['clerk', ['order:read']],
    ['deputy', ['order:cancel']],
  ]),
  thresholds: new Map(),
};

test.each([
  ['a role that allows it', ['admin'], ['orders.write'], RULE, { isAllowed: true, role: 'admin' }],
  [
    'the first of several, in the order of the table',
    ['deputy', 'admin'],
    ['orders.write'],
    RULE,
    { isAllowed: true, role: 'admin' },
  ],
  [
    'the one of several that allows it',
    ['clerk', 'deputy'],
    ['orders.write'],
    RULE,
    { isAllowed: true, role: 'deputy' },
  ],
  ['a role that does not', ['clerk'], ['orders.write'], RULE, { isAllowed: false, why: 'no_role' }],
  [
    'a role that is not in the table',
    ['constructor'],
    ['orders.write'],
    RULE,
    { isAllowed: false, why: 'no_role' },
  ],
  ['no role', [], ['orders.write'], RULE, { isAllowed: false, why: 'no_role' }],
  ['another scope', ['admin'], ['orders.read'], RULE, { isAllowed: false, why: 'insufficient_scope' }],
  ['a method without a rule', ['admin'], ['orders.write'], undefined, { isAllowed: false, why: 'no_rule' }],
] as const)('%s', (_, roles, scopes, rule, expected) => {
  expect(decide({ roles, scopes: new Set(scopes) }, rule, POLICY)).toEqual(expected);
});
