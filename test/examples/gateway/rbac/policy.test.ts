import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPolicy } from '../../../../examples/gateway/src/rbac/policy.ts';

function policyOf(text: string): ReturnType<typeof readPolicy> {
  const file = join(mkdtempSync(join(tmpdir(), 'redhook-policy-')), 'policy.yaml');
  writeFileSync(file, text);
  return readPolicy(file);
}

const ROW = '{ failure_rate: 0.6, window_s: 30, max_failures: 9, open_s: 15 }';

test('the roles keep their order', () => {
  const { roles } = policyOf('roles: { zoe: [order:read], adam: [order:read] }');
  expect([...roles.keys()]).toEqual(['zoe', 'adam']);
});

test('a role may have any name, such as that of something in JavaScript', () => {
  const { thresholds } = policyOf('roles: { constructor: [order:read] }');
  expect(thresholds.get('constructor')).toBeUndefined();
});

test.each([
  [
    'a permission in other words',
    'roles: { clerk: [read orders] }',
    'roles.clerk.0: expected resource:action',
  ],
  ['a role that would change the order', 'roles: { 1: [order:read] }', 'roles.1: '],
  [
    'a threshold for no role',
    `{ roles: { clerk: [] }, thresholds: { clark: ${ROW} } }`,
    'thresholds.clark: there is no such role',
  ],
  [
    'a rate in percent',
    `{ roles: { clerk: [] }, thresholds: { clerk: ${ROW.replace('0.6', '60')} } }`,
    'thresholds.clerk.failure_rate: ',
  ],
  ['a table with another name', 'rules: {}', 'roles: '],
  ['an empty file', '', ': '],
])('%s is told', (_, text, problem) => {
  expect(() => policyOf(text)).toThrow(problem);
});
